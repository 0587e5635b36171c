import { duration } from '@holotype/distribution'
import { fail } from '../errors.ts'

/** `30m`, `90d` → seconds. @throws CLI_USAGE */
export function seconds(text: string): number {
  const parsed = duration.safeParse(text)
  if (parsed.success) return parsed.data
  throw fail('CLI_USAGE', { what: `"${text}" is not a time`, hint: parsed.error.issues[0]?.message ?? '' })
}
