import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { buildTree, openStore } from '@holotype/store'
import { beforeEach, expect, test } from 'vitest'
import { entryOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import type { Layer } from './layer.ts'
import { rememberedLayer } from './remembered.ts'

const base = temporaryDirectory()
let stores = 0
let store = openStore(join(base, 'store'))
let runs = 0
beforeEach(() => {
  store = openStore(join(base, `store-${++stores}`))
  runs = 0
})

const INPUT = { root: `sha256:${'1'.repeat(64)}`, epoch: 1_700_000_000, units: [['enable', 'a.service']] }

/** A run that leaves one file, which says how often it ran. */
async function run(): Promise<Layer> {
  const { digest: tree } = buildTree(store, [{ path: 'made', entry: entryOf(store, `run ${++runs}`) }])
  return { schema: 'holotype.layer/1', tree, links: [] }
}

const remembered = (input: Parameters<typeof rememberedLayer>[1] = INPUT) => rememberedLayer(store, input, run)

test('what ran on the same input is not run again', async () => {
  const first = await remembered()
  expect(await remembered({ ...INPUT })).toEqual(first)
  expect(runs).toBe(1)
})

test.each([
  ['another root', { ...INPUT, root: `sha256:${'2'.repeat(64)}` }],
  ['another time', { ...INPUT, epoch: 1_700_000_001 }],
  ['another unit', { ...INPUT, units: [['mask', 'a.service']] }],
])('%s runs', async (_what, other) => {
  await remembered()
  await remembered(other)
  expect(runs).toBe(2)
})

test.each(['the tree', 'a file', 'the record'])('where %s is lost it runs', async (lost) => {
  const layer = await remembered()
  const digest = {
    'the tree': layer.tree,
    'a file': store.put(Buffer.from('run 1')),
    'the record': store.putJson(layer),
  }[lost]
  if (digest === undefined) throw new Error('nothing to lose')
  rmSync(store.pathOf(digest))
  await remembered()
  expect(runs).toBe(2)
})

test('a failure is not remembered', async () => {
  await expect(rememberedLayer(store, INPUT, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await remembered()
  expect(runs).toBe(1)
})
