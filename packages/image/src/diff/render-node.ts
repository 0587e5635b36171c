import type { FactChange, NodeChange } from '../types.ts'
import { factText } from './render-details.ts'
import { heading, INDENT, nodeTitle, riskWord, type View, visible, wrapWords } from './render-parts.ts'

/** What nodes are to do otherwise, each in full: no line of what they run is cut. */
export function* renderNode(changes: readonly NodeChange[], { paint, width }: View): Generator<string> {
  if (changes.length === 0) return
  yield* heading(paint, 'Nodes', 'what the image has them run, leave alone and check')
  const room = width - INDENT.length
  for (const [index, item] of changes.entries()) {
    if (index > 0) yield ''
    const [mark, colour] = (
      { added: ['+', paint.green], removed: ['−', paint.red], changed: ['~', paint.yellow] } as const
    )[item.change]
    yield `${riskWord(paint, item.risk)}${colour(mark)} ${paint.bold(visible(nodeTitle(item)))}`
    for (const reason of item.reasons)
      yield* wrapWords(visible(reason).split(' '), room).map(
        (line) => INDENT + (item.risk === 'high' ? paint.red : paint.yellow)(line),
      )
    for (const fact of item.facts)
      yield* wrapWords(visible(`${fact.name}: ${sayingOf(item, fact)}`).split(' '), room).map(
        (line) => INDENT + paint.dim(line),
      )
  }
}

/** What comes or goes as a whole has one side. */
function sayingOf({ change }: NodeChange, fact: FactChange): string {
  const { before, after } = fact
  return (change === 'changed' ? undefined : (after ?? before)) ?? factText(fact, Number.POSITIVE_INFINITY)
}
