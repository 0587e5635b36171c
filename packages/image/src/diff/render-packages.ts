import { displayWidth, pad, truncate } from '@holotype/base'
import type { ChangelogEntry, PackageChange } from '../types.ts'
import { heading, INDENT, plural, riskWord, type View, visible, wrapWords } from './render-parts.ts'

/** Changelog entries shown of one source. */
const ENTRIES_SHOWN = 3
/** Lines shown of one changelog entry. */
const ENTRY_LINES_SHOWN = 8
/** CVE ids shown of one package. */
const CVES_SHOWN = 12
/** Columns of the longest name that is not cut. */
const NAME_COLUMNS = 36

/** The packages' part of a diff: those that matter with reasons, CVEs and changelog, those of low risk in a line each. */
export function* renderPackages(packages: readonly PackageChange[], view: View): Generator<string> {
  if (packages.length === 0) return
  yield* heading(view.paint, 'Packages', `${packages.length}, highest risk first`)
  const shown = packages.slice(0, view.limit)
  const column = Math.min(NAME_COLUMNS, Math.max(...shown.map(({ name }) => displayWidth(visible(name)))))
  const explained = new Map<string, string>()
  for (const item of shown) {
    yield titleOf(item, column, view)
    if (item.risk === 'low' || item.risk === 'none') continue
    yield* reasonsOf(item, view)
    // The packages of a source share changelog and CVEs: once is enough.
    const key = `${item.source} ${item.cves.join()}`
    const first = explained.get(key)
    if (first !== undefined && item.changelog.length === 0)
      yield INDENT + view.paint.dim(`of the same source as ${visible(first)} above`)
    else {
      yield* cvesOf(item, view)
      yield* changelogOf(item.changelog, view)
      if (item.changelog.length > 0) explained.set(key, item.name)
    }
    yield ''
  }
  if (packages.length > shown.length)
    yield view.paint.dim(`${INDENT}… and ${plural(packages.length - shown.length, 'more package')}`)
}

function titleOf(item: PackageChange, column: number, { paint, width }: View): string {
  const { red, green, yellow } = paint
  const [mark, colour] = (
    {
      added: ['+', green],
      removed: ['−', red],
      upgraded: ['~', yellow],
      downgraded: ['↓', red],
      rebuilt: ['=', yellow],
    } as const
  )[item.change]
  const versions = [item.from, item.to === item.from ? undefined : item.to]
    .filter((version) => version !== undefined)
    .map(visible)
    .join(' → ')
  const source = item.source === item.name ? '' : `  (${visible(item.source)})`
  const room = Math.max(10, width - column - 12)
  const fits = displayWidth(versions + source) <= room
  const name = pad(truncate(visible(item.name), column), column)
  return `${riskWord(paint, item.risk)}${colour(mark)} ${paint.bold(name)}  ${truncate(versions, room)}${fits ? paint.dim(source) : ''}`
}

function* reasonsOf(item: PackageChange, { paint, width }: View): Generator<string> {
  const last = item.reasons.length - 1
  const words = item.reasons.map((reason, index) => visible(reason) + (index < last ? ';' : ''))
  for (const line of wrapWords(words, width - INDENT.length))
    yield INDENT + (item.risk === 'high' ? paint.red(line) : paint.yellow(line))
}

function* cvesOf({ cves, change }: PackageChange, { paint, width }: View): Generator<string> {
  if (cves.length === 0) return
  // Newest first: what a reviewer has heard of.
  const shown = cves.toReversed().slice(0, CVES_SHOWN)
  const more = cves.length > shown.length ? [`and ${cves.length - shown.length} more`] : []
  const colour = change === 'downgraded' ? paint.red : paint.green
  for (const line of wrapWords([...shown, ...more], width - INDENT.length)) yield INDENT + colour(line)
}

function* changelogOf(entries: readonly ChangelogEntry[], { paint, width }: View): Generator<string> {
  const room = width - INDENT.length
  for (const entry of entries.slice(0, ENTRIES_SHOWN)) {
    const urgency = entry.urgency === '' ? '' : `urgency ${entry.urgency}`
    // The day is enough: `Mon, 06 Jan 2025 10:00:00 +0000`.
    const day = entry.date.replace(/ \d\d:\d\d:\d\d.*$/, '')
    const title = [entry.version, entry.distribution, urgency, day].filter((part) => part !== '')
    yield INDENT + paint.cyan(truncate(visible(title.join('  ')), room))
    const lines = entry.text.split('\n').filter((line) => line.trim() !== '')
    // One line more than is shown is not worth saying that it was left out.
    const count = lines.length <= ENTRY_LINES_SHOWN + 1 ? lines.length : ENTRY_LINES_SHOWN
    for (const line of lines.slice(0, count)) yield INDENT + truncate(visible(line), room)
    if (lines.length > count) yield `${INDENT}    ${paint.dim(`… ${lines.length - count} more lines`)}`
  }
  const earlier = entries.length - ENTRIES_SHOWN
  if (earlier > 0) yield INDENT + paint.dim(`… ${earlier} earlier ${earlier === 1 ? 'entry' : 'entries'}`)
}
