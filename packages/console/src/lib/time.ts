import { duration } from './format.ts'

/** Times as a person reads them. Pure: the present is passed in, in milliseconds since 1970. */

/** `12 s ago`, `in 3 min`; `now` within two seconds either way; `unknown` for what is no time. */
export function relative(iso: string, now: number): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return 'unknown'
  const seconds = Math.round((now - at) / 1000)
  if (Math.abs(seconds) < 2) return 'now'
  const words = duration(coarse(Math.abs(seconds)))
  return seconds > 0 ? `${words} ago` : `in ${words}`
}

/** Past two minutes nobody reads the seconds, past two hours nobody the minutes. */
function coarse(seconds: number): number {
  if (seconds < 120) return seconds
  if (seconds < 7200) return Math.floor(seconds / 60) * 60
  return Math.floor(seconds / 3600) * 3600
}

/** `2026-03-01 14:05:09 UTC`. */
export function utc(iso: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
