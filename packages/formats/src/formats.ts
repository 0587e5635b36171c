import { alpm } from './alpm/index.ts'
import { deb } from './deb/index.ts'
import { fail } from './errors.ts'
import { rpm } from './rpm/index.ts'
import { memberOf } from './rules.ts'
import type { Format, FormatName } from './types.ts'
import { xbps } from './xbps/index.ts'

/** Every format this version has, by name: the family is registered here, and in `rules.ts` what is said of it without its code. */
export const formats = { alpm, deb, rpm, xbps } satisfies Record<FormatName, Format>

/**
 * The format of this name.
 * @throws FORMAT_UNKNOWN
 */
export function formatOf(name: string): Format {
  return memberOf<Format>(formats, name)
}

/** How each format's package files are named at their end (deb(5), dsc(5), PKGBUILD(5) PKGEXT, rpm(8), xbps-create(1)). */
const FILE_NAMES: readonly (readonly [RegExp, FormatName])[] = [
  [/\.(?:u?deb|dsc)$/, 'deb'],
  [/\.pkg\.tar(?:\.(?:zst|xz|gz|bz2))?$/, 'alpm'],
  [/\.rpm$/, 'rpm'],
  [/\.xbps$/, 'xbps'],
]

/**
 * The format of a package file, told by its name.
 * @throws FORMAT_UNKNOWN
 */
export function formatOfFile(path: string): FormatName {
  const format = FILE_NAMES.find(([end]) => end.test(path))?.[1]
  if (format) return format
  throw fail('FORMAT_UNKNOWN', { what: `${path} is named like no package file: .deb, .dsc, .pkg.tar.zst, .rpm, .xbps` })
}
