import { compareText, type Digest } from '@holotype/base'
import { fail } from './errors.ts'
import { TREE_DEPTH } from './limits.ts'
import { entryKey } from './tree.ts'
import type { Entry, Store, TreeChange } from './types.ts'

/**
 * Every path that differs between two trees, in path order; a subtree that is equal on both sides is never read. A directory is a change
 * of its own only when it appears, disappears or its metadata differs, not when something below it does. Either side may be
 * undefined: nothing was there before, or is after.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID
 */
export function diffTrees(store: Store, before: Digest | undefined, after: Digest | undefined): Generator<TreeChange> {
  return diff(store, { before, after }, '', 0)
}

interface Sides<Value> {
  readonly before: Value | undefined
  readonly after: Value | undefined
}

function* diff(store: Store, trees: Sides<Digest>, base: string, depth: number): Generator<TreeChange> {
  if (trees.before === trees.after) return
  if (depth > TREE_DEPTH)
    throw fail('TREE_INVALID', { what: `${base.slice(0, 80)}… is deeper than ${TREE_DEPTH} directories` })
  for (const { before, after } of pair(entriesOf(store, trees.before), entriesOf(store, trees.after))) {
    const name = (before ?? after)?.name ?? ''
    const path = base === '' ? name : `${base}/${name}`
    if (!before || !after || entryKey(before) !== entryKey(after))
      yield { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
    yield* diff(store, { before: treeOf(before), after: treeOf(after) }, path, depth + 1)
  }
}

function* pair(before: readonly Entry[], after: readonly Entry[]): Generator<Sides<Entry>> {
  let [left, right] = [0, 0]
  while (left < before.length || right < after.length) {
    const [old, next] = [before[left], after[right]]
    const order = !old ? 1 : !next ? -1 : compareText(old.name, next.name)
    if (order <= 0) left++
    if (order >= 0) right++
    yield { before: order <= 0 ? old : undefined, after: order >= 0 ? next : undefined }
  }
}

function entriesOf(store: Store, tree: Digest | undefined): readonly Entry[] {
  return tree === undefined ? [] : store.readTree(tree).entries
}

function treeOf(entry: Entry | undefined): Digest | undefined {
  return entry?.type === 'directory' ? entry.tree : undefined
}
