import { truncate } from '@holotype/base'
import type { FactChange, FileDetails } from '../types.ts'
import { INDENT, type View, visible } from './render-parts.ts'

/** Values of one list that are shown on a terminal, and lines of one file's details. */
const VALUES = 4
const LINES = 14

/** What changes within a file, as lines. */
export function* renderDetails(details: FileDetails, { paint, width }: View): Generator<string> {
  const lines = [...linesOf(details, '')]
  for (const line of lines.slice(0, LINES))
    yield `${INDENT}  ${paint.dim(truncate(visible(line), width - INDENT.length - 2))}`
  if (lines.length > LINES) yield `${INDENT}  ${paint.dim(`… ${lines.length - LINES} more lines`)}`
}

function* linesOf(details: FileDetails, indent: string): Generator<string> {
  const { format, unreadable, facts, members, moreMembers = 0 } = details
  if (unreadable) {
    yield `${indent}${format === '' ? '' : `${format}: `}the bytes differ and cannot be read`
    return
  }
  if (facts.length + members.length === 0) yield `${indent}${format}: the bytes differ in nothing that is read`
  for (const fact of facts) yield `${indent}${fact.name}: ${factText(fact)}`
  for (const { path, change, details: inside, text } of members) {
    yield `${indent}${{ added: '+', removed: '−', changed: '~' }[change]} ${path}`
    if (inside) yield* linesOf(inside, `${indent}  `)
    else if (text !== undefined)
      yield* text
        .split('\n')
        .slice(2, -1)
        .map((line) => `${indent}  ${line}`)
  }
  if (moreMembers > 0) yield `${indent}… ${moreMembers} more members`
}

/** One fact on one line: `full becomes none`, `+libm.so.6 −libz.so.1`. */
export function factText({ before, after, added = [], removed = [], more = 0 }: FactChange, most = VALUES): string {
  if (added.length + removed.length === 0) return `${before ?? 'none'} becomes ${after ?? 'none'}`
  const shown = [
    ...added.slice(0, most).map((value) => `+${value}`),
    ...removed.slice(0, most).map((value) => `−${value}`),
  ]
  const rest = added.length + removed.length + more - shown.length
  return `${shown.join('  ')}${rest > 0 ? `  and ${rest} more` : ''}`
}
