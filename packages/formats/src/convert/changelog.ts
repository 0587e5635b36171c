import { fail } from '../errors.ts'
import { CHANGELOG_ENTRIES } from '../limits.ts'
import type { ChangelogEntry } from '../types.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The hour rpmbuild gives an entry that names a day alone (rpm 4.18, build/parseChangelog.c). */
const NOON = 'T12:00:00.000Z'

/**
 * A Debian changelog (deb-changelog(5)), newest first: strict RFC 5322 dates, every line of text indented, an entry without a version or an
 * author under the package's own.
 */
export function renderDebChangelog(
  entries: readonly ChangelogEntry[],
  own: {
    readonly name: string
    readonly version: string
    readonly author: string
    readonly debVersion: (text: string) => string
  },
): string {
  return entries
    .map(({ version, author, date, text }) => {
      const lines = text
        .split('\n')
        .map((line) => line.trimEnd())
        // Two dashes at the start of a line would end the entry.
        .map((line) => (line === '' ? '' : `  ${line.replace(/^\s*-(?=\s)/, '*').replace(/^--/, '- -')}`))
        .join('\n')
      const heading = `${own.name} (${version === '' ? own.version : own.debVersion(version)}) unstable; urgency=medium`
      return `${heading}\n\n${lines}\n\n -- ${addressed(author === '' ? own.author : author)}  ${rfc5322(date)}\n`
    })
    .join('\n')
}

/** dpkg asks for an address, if an empty one. */
function addressed(author: string): string {
  return author.endsWith('>') ? author : `${author} <>`
}

/** `Sat, 21 Nov 2026 05:53:00 +0000`. */
function rfc5322(iso: string): string {
  return new Date(iso).toUTCString().replace('GMT', '+0000')
}

/** A spec file's %changelog: `* Sat Nov 21 2026 Name <address> - version`, then the lines of the entry. */
export function renderSpecChangelog(entries: readonly ChangelogEntry[]): string {
  return entries
    .map(({ version, author, date, text }) => {
      const day = new Date(date)
      const head = `${DAYS[day.getUTCDay()]} ${MONTHS[day.getUTCMonth()]} ${String(day.getUTCDate()).padStart(2, '0')} ${day.getUTCFullYear()}`
      // A star at the start of a line would begin another entry; a percent sign a macro.
      const lines = text.split('\n').map((line) =>
        line
          .trimEnd()
          .replace(/^(\s*)\*/, '$1-')
          .replaceAll('%', '%%'),
      )
      return `* ${head} ${author}${version === '' ? '' : ` - ${version}`}\n${lines.join('\n')}\n`
    })
    .join('\n')
}

/**
 * Reads a spec file's %changelog, newest first. Its dates are free in form: `Mon Jan 02 2023`, with one or two spaces, with a time and a zone
 * (`Mon Jan  2 10:11:12 CET 2023`), with the month before or after the day, or ISO (`2023-01-02`). They come out as ISO 8601, UTC; an entry
 * that names no time is of noon. A version is what stands last in the heading, with or without a dash before it.
 * @throws CHANGELOG_MALFORMED at a heading without a date, naming the line
 */
export function parseSpecChangelog(text: string): ChangelogEntry[] {
  const entries: (Omit<ChangelogEntry, 'text'> & { readonly lines: string[] })[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.startsWith('*')) {
      entries.at(-1)?.lines.push(line.trimEnd())
      continue
    }
    if (entries.length >= CHANGELOG_ENTRIES)
      throw fail('CHANGELOG_MALFORMED', { what: `more than CHANGELOG_ENTRIES, ${CHANGELOG_ENTRIES}, entries` })
    const heading = specHeading(line.slice(1).trim())
    if (!heading)
      throw fail('CHANGELOG_MALFORMED', {
        what: `line ${index + 1}: expected a date after the star: ${line.slice(0, 120)}`,
      })
    entries.push({ ...heading, lines: [] })
  }
  return entries.map(({ lines, ...entry }) => ({ ...entry, text: withoutEmptyEnds(lines) }))
}

function withoutEmptyEnds(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line !== '')
  return first < 0 ? '' : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1).join('\n')
}

const DAY = '(?:[A-Z][a-z]{2,8},?\\s+)?'
const TIME = '(?:\\s+(\\d{1,2}:\\d{2}(?::\\d{2})?)(?:\\s+([A-Z]{2,5}|[+-]\\d{2}:?\\d{2}))?)?'
const MONTH_FIRST = new RegExp(`^${DAY}([A-Z][a-z]{2,8})\\.?\\s+(\\d{1,2}),?${TIME}\\s+(\\d{4})\\b\\s*([^]*)$`)
const DAY_FIRST = new RegExp(`^${DAY}(\\d{1,2})\\.?\\s+([A-Z][a-z]{2,8})\\.?\\s+(\\d{4})\\b${TIME}\\s*([^]*)$`)
const ISO = /^(\d{4})-(\d{2})-(\d{2})\s*([^]*)$/

function specHeading(text: string): Omit<ChangelogEntry, 'text'> | undefined {
  const found = monthFirst(text) ?? dayFirst(text) ?? isoDate(text)
  return found && { ...authorAndVersion(found.rest), date: found.date }
}

interface Dated {
  readonly date: string
  readonly rest: string
}

function monthFirst(text: string): Dated | undefined {
  const [, month = '', day = '', time, zone, year = '', rest = ''] = MONTH_FIRST.exec(text) ?? []
  return dated({ year, month, day, time, zone, rest })
}

function dayFirst(text: string): Dated | undefined {
  const [, day = '', month = '', year = '', time, zone, rest = ''] = DAY_FIRST.exec(text) ?? []
  return dated({ year, month, day, time, zone, rest })
}

function isoDate(text: string): Dated | undefined {
  const [, year = '', month = '', day = '', rest = ''] = ISO.exec(text) ?? []
  return dated({ year, month: MONTHS[Number(month) - 1] ?? '', day, time: undefined, zone: undefined, rest })
}

/** Hours that the zone names of changelogs stand for; others are read as UTC, as rpm does with all of them. */
const ZONES = new Map([
  ['CET', '+0100'],
  ['CEST', '+0200'],
  ['EST', '-0500'],
  ['EDT', '-0400'],
  ['PST', '-0800'],
  ['PDT', '-0700'],
])

function dated(parts: {
  readonly year: string
  readonly month: string
  readonly day: string
  readonly time: string | undefined
  readonly zone: string | undefined
  readonly rest: string
}): Dated | undefined {
  const month = MONTHS.indexOf(parts.month.slice(0, 3))
  if (month < 0) return undefined
  const two = (value: string | number) => String(value).padStart(2, '0')
  const day = `${parts.year}-${two(month + 1)}-${two(parts.day)}`
  const known =
    parts.zone === undefined ? undefined : (ZONES.get(parts.zone) ?? (/\d/.test(parts.zone) ? parts.zone : undefined))
  const zone = known === undefined ? 'Z' : known.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')
  const instant = new Date(parts.time === undefined ? `${day}${NOON}` : `${day}T${parts.time.padStart(5, '0')}${zone}`)
  return Number.isNaN(instant.getTime()) ? undefined : { date: instant.toISOString(), rest: parts.rest }
}

/** `Name <address> - 1:2.3-4`, `Name <address> 2.3-4`, `Name <address>`, `Name`. */
export function authorAndVersion(text: string): { readonly author: string; readonly version: string } {
  const close = text.lastIndexOf('>')
  const author = close < 0 ? text : text.slice(0, close + 1)
  const tail = close < 0 ? '' : text.slice(close + 1)
  const [, version = ''] = /^[\s-]*(?:\(?)([0-9A-Za-z][\w.:~^+-]*)\)?\s*$/.exec(tail) ?? []
  return { author: author.trim(), version }
}
