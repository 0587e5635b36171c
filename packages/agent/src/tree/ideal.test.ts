import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, silent } from '@holotype/base'
import { type Entry, openStore, type Store } from '@holotype/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Packs } from '../site/packs.ts'
import { type ObjectFolder, openObjects } from '../state/objects.ts'
import { entryAt, fetchIdeal, keptIdeal } from './ideal.ts'

let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-ideal-'))
  store = openStore(join(directory, 'store'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const metadata = { mode: 0o755, uid: 0, gid: 0, mtime: 1 }
const link = (name: string): Entry => ({ ...metadata, type: 'symlink', name, target: 'there' })
const rootOf = (tree: Digest) => ({ ...metadata, tree })
/** A directory of some entries, which are kept. */
function folder(kept: ObjectFolder, name: string, entries: readonly Entry[]): Extract<Entry, { type: 'directory' }> {
  const { digest: tree, stats } = store.putTree(entries)
  kept.put(tree, store.read(tree))
  return { ...metadata, type: 'directory', name, tree, stats }
}

test('directories are read when they are asked for, and one that is gone meanwhile is no empty one', async () => {
  const kept = openObjects(join(directory, 'kept'))
  const many = Array.from({ length: 100 }, (_, index) => folder(kept, `d${index}`, [link(`l${index}`)]))
  const root = folder(kept, '', many)
  const ideal = await keptIdeal(rootOf(root.tree), kept)
  if (!ideal) throw new Error('all of it is kept')
  expect([...ideal.trees.keys()].sort()).toEqual([root.tree, ...many.map(({ tree }) => tree)].sort())
  for (let index = 0; index < 100; index++)
    expect(entryAt(ideal, `/d${index}/l${index}`)).toMatchObject(link(`l${index}`))
  expect([entryAt(ideal, '/d1/other'), entryAt(ideal, '/d1/l1/below')]).toEqual([undefined, undefined])
  const first = many[0]
  if (!first) throw new Error('there are many')
  rmSync(kept.pathOf(first.tree))
  expect(() => entryAt(ideal, '/d0/l0')).toThrow(expect.objectContaining({ code: 'AGENT_OBJECT_MISSING' }))
  expect(await keptIdeal(rootOf(root.tree), kept)).toBeUndefined()
})

test('what is damaged here and shared with the image that it is reached from is read there', async () => {
  const [kept, other] = ['kept', 'other'].map((name) => openObjects(join(directory, name)))
  if (!kept || !other) throw new Error('there are two')
  const shared = folder(other, 'shared', [link('one')])
  const claimed = await keptIdeal(rootOf(folder(other, '', [shared]).tree), other)
  const next = folder(kept, '', [shared, link('two')])
  writeFileSync(kept.pathOf(shared.tree), 'damaged')
  const packs: Packs = {
    fetch: () => Promise.reject(new Error('nothing is to be fetched')),
    cost: () => Promise.resolve(0),
    sizeOf: () => undefined,
  }
  const from = { kept, staged: kept, unknown: () => false, packs, claimed, progress: silent }
  expect(entryAt(await fetchIdeal(rootOf(next.tree), from), '/shared/one')).toMatchObject(link('one'))
  await expect(fetchIdeal(rootOf(next.tree), { ...from, claimed: undefined })).rejects.toThrow(
    'nothing is to be fetched',
  )
})

test('an entry that does not state the sums of its tree is refused, also where another one does', async () => {
  const kept = openObjects(join(directory, 'kept'))
  const right = folder(kept, 'a', [link('one')])
  const wrong = { ...right, name: 'b', stats: { ...right.stats, files: 2 } }
  for (const entries of [[wrong], [right, wrong]])
    await expect(keptIdeal(rootOf(folder(kept, '', entries).tree), kept)).rejects.toMatchObject({
      code: 'AGENT_OBJECT_MALFORMED',
    })
})
