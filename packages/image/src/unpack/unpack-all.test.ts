import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hexOf, silent } from '@holotype/base'
import { formats, type PackageToWrite } from '@holotype/formats'
import type { LockedPackage } from '@holotype/solver'
import { lookup, openStore, walkTree } from '@holotype/store'
import { beforeEach, describe, expect, test } from 'vitest'
import { THREAD_BYTES } from '../limits.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { unpackAll } from './unpack-all.ts'

const base = temporaryDirectory()
let stores = 0
let store = openStore(join(base, 'store'))
/** What is added to the size that a lock gives: it decides whether threads are started. */
let weight = 0
beforeEach(() => {
  store = openStore(join(base, `store-${++stores}`))
})

const owned = { uid: 0, gid: 0, mtime: 1_700_000_000 }
const PAYLOAD: PackageToWrite['payload'] = [
  { path: 'usr/bin/tool', type: 'file', mode: 0o755, ...owned, size: 4, bytes: Buffer.from('tool') },
  { path: 'usr/bin/same', type: 'hardlink', mode: 0o755, ...owned, size: 0, target: 'usr/bin/tool' },
  { path: 'usr/bin/link', type: 'symlink', mode: 0o777, ...owned, size: 0, target: 'tool' },
]

async function locked(name: string, change: (bytes: Buffer) => Buffer = (bytes) => bytes): Promise<LockedPackage> {
  const path = join(base, `${name}.deb`)
  await formats.deb.writePackage(path, {
    fields: [
      ['Package', name],
      ['Version', '1'],
      ['Architecture', 'amd64'],
      ['Maintainer', 'Jane Doe <jane@example.org>'],
      ['Description', 'a sample'],
    ],
    control: new Map([['postinst', { bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755 }]]),
    payload: PAYLOAD,
    epoch: 1_700_000_000,
  })
  const bytes = change(readFileSync(path))
  const sha256 = hexOf(store.put(bytes))
  return {
    name,
    version: '1',
    architecture: 'amd64',
    source: name,
    sourceVersion: '1',
    size: bytes.length + weight,
    sha256,
    from: 'test',
  }
}

const unpack = (packages: readonly LockedPackage[], signal?: AbortSignal) =>
  unpackAll({ store, lock: { format: 'deb', packages }, progress: silent, signal })

describe.each([
  ['in this thread', 0],
  ['by threads', THREAD_BYTES],
])('%s', (_where, added) => {
  beforeEach(() => {
    weight = added
  })

  test('a package becomes a tree, its fields and its control members; in the order of the lock', async () => {
    const packages = [await locked('b'), await locked('a'), await locked('c')]
    const made = await unpack(packages)
    expect(made.map(({ name }) => name)).toEqual(['b', 'a', 'c'])
    const { tree, fields, control, hardlinks } = made[0]?.unpacked ?? {}
    if (!tree) throw new Error('no tree')
    expect([...walkTree(store, tree)].map(({ path, entry }) => `${path} ${entry.type}`)).toEqual([
      'usr directory',
      'usr/bin directory',
      'usr/bin/link symlink',
      'usr/bin/same file',
      'usr/bin/tool file',
    ])
    expect(lookup(store, tree, 'usr/bin/same')).toMatchObject({ size: 4, mode: 0o755 })
    expect(hardlinks).toEqual([['usr/bin/tool', 'usr/bin/same']])
    expect(fields).toContainEqual(['Package', 'b'])
    expect(control?.['postinst']?.mode).toBe(0o755)
  })

  test('what is unpacked is not unpacked again', async () => {
    const one = await locked('one')
    await unpack([one])
    // Without its file it cannot be unpacked: so it was not.
    rmSync(store.pathOf(`sha256:${one.sha256}`))
    expect(await unpack([one])).toHaveLength(1)
  })

  describe('lost objects are made again', () => {
    test.each(['the tree', 'a directory of it', 'a file', 'a script', 'the record'])('%s', async (lost) => {
      const one = await locked('one')
      const [before] = await unpack([one])
      const { tree, control } = before?.unpacked ?? {}
      const bin = tree && lookup(store, tree, 'usr/bin')
      const digests = {
        'the tree': tree,
        'a directory of it': bin?.type === 'directory' ? bin.tree : undefined,
        'a file': store.put(Buffer.from('tool')),
        'a script': control?.['postinst']?.digest,
        'the record': store.putJson(before?.unpacked),
      }
      const digest = Object.entries(digests).find(([name]) => name === lost)?.[1]
      if (!digest) throw new Error('nothing to lose')
      rmSync(store.pathOf(digest))
      expect(await unpack([one])).toEqual([before])
      expect(store.has(digest)).toBe(true)
    })
  })

  describe('what cannot be unpacked', () => {
    test.each([
      ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 200)],
      ['no package', () => Buffer.from('not a package')],
      ['flipped', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, bytes.length - 120, bytes.length - 60)],
    ])('names the package: %s', async (_what, change) => {
      const packages = [await locked('good'), await locked('broken', change), await locked('fine')]
      const failing = unpack(packages)
      await expect(failing).rejects.toMatchObject({ code: 'UNPACK_FAILED' })
      await expect(failing).rejects.toThrow(/^broken 1 \(amd64\): /)
      // What is whole was kept, and nothing is in the way of the next run.
      expect(await unpack(packages.filter(({ name }) => name !== 'broken'))).toHaveLength(2)
    })

    test('a file that was never fetched is told as missing', async () => {
      const one = await locked('one')
      rmSync(store.pathOf(`sha256:${one.sha256}`))
      await expect(unpack([one])).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
    })
  })

  test('an abort ends it, and the next run goes on', async () => {
    const packages = await Promise.all(Array.from({ length: 6 }, (_, index) => locked(`p${index}`)))
    const controller = new AbortController()
    const running = unpackAll({
      store,
      lock: { format: 'deb', packages },
      progress: ({ kind }) => void (kind === 'advance' && controller.abort(new Error('stopped'))),
      signal: controller.signal,
    })
    await expect(running).rejects.toThrow('stopped')
    expect(await unpack(packages)).toHaveLength(6)
  })
})
