import type { Document, LineCounter, Node, Pair } from 'yaml'
import { yamlLibrary } from './library.ts'
import type { Position } from './locate.ts'

/** A parsed document with what is needed to find places in it. */
export interface Located {
  readonly document: Document.Parsed
  readonly lines: LineCounter
}

/**
 * The place of the value (or of the key) at a path. Where the path leads to nothing, as for a missing key, the place of the nearest
 * thing above it that is there.
 */
export function positionOf(located: Located, path: readonly PropertyKey[], part: 'key' | 'value'): Position {
  let node: unknown = located.document.contents
  let found = offsetOf(node) ?? 0
  for (const [index, step] of path.entries()) {
    const next = stepInto(located.document, node, step)
    if (next === undefined) break
    const last = index === path.length - 1
    found = offsetOf(last && part === 'key' ? next.key : next.value) ?? offsetOf(next.key) ?? found
    node = next.value
  }
  const at = located.lines.linePos(found)
  // An empty document has no lines: line 0.
  return { line: Math.max(1, at.line), column: Math.max(1, at.col) }
}

function stepInto(
  document: Document.Parsed,
  from: unknown,
  step: PropertyKey,
): { key: unknown; value: unknown } | undefined {
  const { isAlias, isMap, isScalar, isSeq } = yamlLibrary()
  const node = isAlias(from) ? from.resolve(document) : from
  if (isSeq(node)) {
    const value = node.items[Number(step)]
    return value === undefined ? undefined : { key: value, value }
  }
  if (!isMap(node)) return undefined
  // YAML's keys may be numbers or booleans; a JavaScript object's are their texts.
  const pair = node.items.find((item: Pair) => String(isScalar(item.key) ? item.key.value : item.key) === String(step))
  return pair && { key: pair.key, value: pair.value }
}

function offsetOf(node: unknown): number | undefined {
  const { isNode } = yamlLibrary()
  return isNode(node) ? rangeStart(node) : undefined
}

function rangeStart(node: Node): number | undefined {
  return node.range?.[0]
}
