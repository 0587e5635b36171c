import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTree } from './build-tree.ts'
import { diffTrees } from './diff-trees.ts'
import { openStore } from './store.ts'
import { pathsArbitrary } from './testing/arbitrary.ts'
import { temporaryDirectory } from './testing/temporary.ts'
import { entryKey } from './tree.ts'
import type { EntryInput } from './types.ts'
import { lookup, walkTree } from './walk.ts'

const store = openStore(join(temporaryDirectory(), 'store'))
const folder: EntryInput = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }
const file: EntryInput = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, digest: digestOf('x'), size: 1 }

/** What diffTrees gives, the slow way: both trees in full. */
function naive(before: Digest, after: Digest): Map<string, unknown> {
  const [left, right] = [before, after].map(
    (root) => new Map([...walkTree(store, root)].map(({ path, entry }) => [path, entry])),
  )
  const changes = new Map<string, unknown>()
  for (const path of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
    const [old, next] = [left?.get(path), right?.get(path)]
    if (!old || !next || entryKey(old) !== entryKey(next))
      changes.set(path, { path, ...(old ? { before: old } : {}), ...(next ? { after: next } : {}) })
  }
  return changes
}

describe('diffTrees', () => {
  it('finds what comparing both trees in full finds', () => {
    fc.assert(
      fc.property(pathsArbitrary, pathsArbitrary, (a, b) => {
        const [before, after] = [buildTree(store, a).digest, buildTree(store, b).digest]
        const changes = [...diffTrees(store, before, after)]
        expect(new Map(changes.map((change) => [change.path, change]))).toEqual(naive(before, after))
        expect(changes.length).toBe(naive(before, after).size)
      }),
      { numRuns: 80 },
    )
  })

  it('finds nothing between a tree and itself, and everything against nothing', () => {
    fc.assert(
      fc.property(pathsArbitrary, (list) => {
        const root = buildTree(store, list).digest
        expect([...diffTrees(store, root, root)]).toEqual([])
        const walked = [...walkTree(store, root)]
        expect([...diffTrees(store, undefined, root)]).toEqual(
          walked.map(({ path, entry }) => ({ path, after: entry })),
        )
        expect([...diffTrees(store, root, undefined)]).toEqual(
          walked.map(({ path, entry }) => ({ path, before: entry })),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('never reads a subtree that is equal on both sides', () => {
    const shared = [
      { path: 'same', entry: folder },
      { path: 'same/f', entry: { ...file, mtime: 123 } },
    ]
    const before = buildTree(store, [...shared, { path: 'x', entry: file }]).digest
    const after = buildTree(store, [...shared, { path: 'x', entry: { ...file, mode: 0o600 } }]).digest
    const same = lookup(store, after, 'same')
    if (same?.type !== 'directory') throw new Error('the fixture has a directory')
    rmSync(store.pathOf(same.tree))
    expect([...diffTrees(store, before, after)].map(({ path }) => path)).toEqual(['x'])
    expect(() => [...walkTree(store, after)]).toThrow(expect.objectContaining({ code: 'OBJECT_MISSING' }))
  })
})
