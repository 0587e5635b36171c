import { alpm } from './alpm/index.ts'
import { deb } from './deb/index.ts'
import { fail } from './errors.ts'
import type { Format, FormatName } from './types.ts'

/** Every format this version has, by name: the family is registered here and nowhere else. */
export const formats = { alpm, deb } satisfies Partial<Record<FormatName, Format>>

/**
 * The format of this name.
 * @throws FORMAT_UNKNOWN
 */
export function formatOf(name: string): Format {
  const format = Object.entries(formats).find(([known]) => known === name)?.[1]
  if (format) return format
  throw fail('FORMAT_UNKNOWN', {
    what: `no package format is named "${name}"; known: ${Object.keys(formats).join(', ')}`,
  })
}
