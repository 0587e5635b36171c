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
  const rows = rowsOf(linesOf(before), linesOf(after))
  const lines: string[] = [`--- ${names.before}`, `+++ ${names.after}`]
  let [oldLine, newLine, done] = [1, 1, 0]
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
