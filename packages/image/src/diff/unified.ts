import { lineEdits } from './line-edits.ts'
import { TEXT_CONTEXT_LINES, TEXT_DIFF_LINES, TEXT_LINE_LENGTH } from './limits.ts'

const NO_NEWLINE = '\\ No newline at end of file'

interface Row {
  readonly mark: ' ' | '-' | '+'
  /** The line with its newline, if it has one. */
  readonly line: string
}

/**
 * A unified diff that patch(1) takes: file headers, then hunks (POSIX diff, "Diff -u Output Format"); '' when the texts are equal. Past
 * {@link TEXT_DIFF_LINES} lines a last line, beginning with `#`, says how many more there are.
 * @param names what stands behind `---` and `+++`: the path, or `/dev/null` for a side that is not there
 */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string {
  if (before === after) return ''
  const { from, fromEnd, line: first } = middleOf(before, after)
  const rows = rowsOf(
    linesOf(before.slice(from, before.length - fromEnd)),
    linesOf(after.slice(from, after.length - fromEnd)),
  )
  const lines: string[] = [`--- ${names.before}`, `+++ ${names.after}`]
  let [oldLine, newLine, done] = [first, first, 0]
  for (const [from, to] of hunksOf(rows)) {
    for (const { mark } of rows.slice(done, from)) {
      if (mark !== '+') oldLine++
      if (mark !== '-') newLine++
    }
    const hunk = rows.slice(from, to)
    const [oldCount, newCount] = [
      hunk.filter(({ mark }) => mark !== '+').length,
      hunk.filter(({ mark }) => mark !== '-').length,
    ]
    lines.push(`@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@`)
    for (const { mark, line } of hunk) {
      const text = line.endsWith('\n') ? line.slice(0, -1) : line
      lines.push(mark + (text.length > TEXT_LINE_LENGTH ? `${text.slice(0, TEXT_LINE_LENGTH).toWellFormed()}…` : text))
      if (!line.endsWith('\n')) lines.push(NO_NEWLINE)
    }
    oldLine += oldCount
    newLine += newCount
    done = to
  }
  if (lines.length <= TEXT_DIFF_LINES) return `${lines.join('\n')}\n`
  return `${lines.slice(0, TEXT_DIFF_LINES).join('\n')}\n# ${lines.length - TEXT_DIFF_LINES} more lines\n`
}

/**
 * What lies between the lines with which both texts begin and end, with the context that is shown. Most of a large file is the same, and splitting it
 * into lines would cost more than comparing it.
 */
function middleOf(
  before: string,
  after: string,
): { readonly from: number; readonly fromEnd: number; readonly line: number } {
  const shorter = Math.min(before.length, after.length)
  let same = 0
  while (same < shorter && before.charCodeAt(same) === after.charCodeAt(same)) same++
  const head = same === 0 ? 0 : before.lastIndexOf('\n', same - 1) + 1
  let tail = 0
  const [oldEnd, newEnd] = [before.length - 1, after.length - 1]
  while (tail < shorter - head && before.charCodeAt(oldEnd - tail) === after.charCodeAt(newEnd - tail)) tail++
  // Whole lines alone: a line of one side may end as another of the other side does.
  let [from, until] = [head, tail === 0 ? before.length : nextLine(before, before.length - tail)]
  for (let context = 0; context < TEXT_CONTEXT_LINES; context++) {
    // The line before ends right before this one begins.
    from = from < 2 ? 0 : before.lastIndexOf('\n', from - 2) + 1
    until = nextLine(before, until)
  }
  let line = 1
  for (let at = before.indexOf('\n'); at >= 0 && at < from; at = before.indexOf('\n', at + 1)) line++
  return { from, fromEnd: before.length - until, line }
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

function rowsOf(before: readonly string[], after: readonly string[]): Row[] {
  return lineEdits(before, after).flatMap(({ kind, from, count }): Row[] => {
    const mark = ({ keep: ' ', delete: '-', insert: '+' } as const)[kind]
    return (kind === 'insert' ? after : before).slice(from, from + count).map((line) => ({ mark, line }))
  })
}

/** Index ranges of rows that belong together: changes with their context, touching ones joined. */
function hunksOf(rows: readonly Row[]): [number, number][] {
  const hunks: [number, number][] = []
  for (const [index, { mark }] of rows.entries()) {
    if (mark === ' ') continue
    const [from, to] = [Math.max(0, index - TEXT_CONTEXT_LINES), Math.min(rows.length, index + TEXT_CONTEXT_LINES + 1)]
    const last = hunks.at(-1)
    if (last && from <= last[1]) last[1] = to
    else hunks.push([from, to])
  }
  return hunks
}

function range(line: number, count: number): string {
  // An empty side is numbered by the line before it (POSIX).
  const first = count === 0 ? line - 1 : line
  return count === 1 ? String(first) : `${first},${count}`
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}
