import { CHANGELOG_ENTRIES } from '../limits.ts'

/** One version's part of a Debian changelog. */
export interface ChangelogEntry {
  readonly version: string
  /** The suites it was made for, as written: `bookworm-security`. */
  readonly distribution: string
  /** `low`, `medium`, `high` …; '' when the entry names none. */
  readonly urgency: string
  /** As the changelog has it (RFC 5322); '' when the entry has no trailer. */
  readonly date: string
  /** `Name <address>`. */
  readonly author: string
  /** The lines between heading and trailer without the empty ones around them. */
  readonly text: string
}

// What ends them matches whatever follows (`.` would not): nothing is tried twice, however long a line is.
const HEADING = /^([A-Za-z0-9][A-Za-z0-9+.-]*) \(([^()\s]+)\)((?:\s+[A-Za-z0-9][A-Za-z0-9+.~-]*)*)\s*;?([^]*)$/
const TRAILER = /^ ?-- ([^]*?)(?:\s\s+(\S[^]*))?$/

/**
 * Reads a Debian changelog, newest entry first as it stands there (deb-changelog(5)). Old files hold odd lines (editor variables, other
 * styles of heading): what is no heading belongs to the entry before it, what precedes the first heading is left out. Never fails; of more
 * entries than CHANGELOG_ENTRIES the newest are read.
 */
export function parseChangelog(text: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = []
  let heading: { version: string; distribution: string; urgency: string } | undefined
  let lines: string[] = []
  const end = (author: string, date: string) => {
    if (heading) entries.push({ ...heading, author, date, text: trimLines(lines) })
    heading = undefined
    lines = []
  }
  for (let at = 0; at <= text.length; ) {
    const found = text.indexOf('\n', at)
    const lineEnd = found < 0 ? text.length : found
    const line = text.slice(at, lineEnd).trimEnd()
    at = lineEnd + 1
    const head = HEADING.exec(line)
    if (head) {
      end('', '')
      if (entries.length >= CHANGELOG_ENTRIES) return entries
      heading = {
        version: head[2] ?? '',
        distribution: (head[3] ?? '').trim(),
        urgency: (/\burgency=([A-Za-z-]+)/i.exec(head[4] ?? '')?.[1] ?? '').toLowerCase(),
      }
      continue
    }
    const tail = heading ? TRAILER.exec(line) : undefined
    if (tail) end((tail[1] ?? '').trim(), (tail[2] ?? '').trim())
    else if (heading) lines.push(line)
  }
  end('', '')
  return entries
}

function trimLines(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line !== '')
  const last = lines.findLastIndex((line) => line !== '')
  return first < 0 ? '' : lines.slice(first, last + 1).join('\n')
}
