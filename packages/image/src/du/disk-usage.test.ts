import { type Digest, digestOf } from '@holotype/base'
import { buildTree, openStore, type Store } from '@holotype/store'
import { expect, test } from 'vitest'
import { mapOf, type SyntheticPath } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import type { ImageManifest } from '../types.ts'
import { diskUsage, type DiskUsageOptions } from './disk-usage.ts'

const store = openStore(temporaryDirectory())

function imageOf(paths: Readonly<Record<string, SyntheticPath>>): Digest {
  const tree = buildTree(
    store,
    [...mapOf(store, paths)].map(([path, { entry }]) => ({ path, entry })),
  )
  const other = digestOf(Buffer.from(''))
  const manifest: ImageManifest = {
    schema: 'holotype.image/1',
    name: 'web',
    format: 'deb',
    architecture: 'amd64',
    root: { tree: tree.digest, mode: 0o755, uid: 0, gid: 0, mtime: 0 },
    stats: tree.stats,
    lock: other,
    spec: other,
    packages: other,
    owners: other,
    exclusions: [],
    triggers: [],
  }
  return store.putJson(manifest)
}

const PATHS = {
  'etc/motd': 'hello',
  'etc/hosts': 'localhost',
  'usr/bin/tool': 'x'.repeat(100),
  'usr/lib/deep/er/lib.so': 'y'.repeat(1000),
  'usr/lib/link': '-> deep',
  'srv/a/b/c': 'z'.repeat(10),
}
const image = imageOf(PATHS)

function counted(): { readonly store: Store; readonly read: Digest[] } {
  const read: Digest[] = []
  const readTree = (digest: Digest) => {
    read.push(digest)
    return store.readTree(digest)
  }
  return { store: { ...store, readTree }, read }
}

const linesOf = (of: Digest, options: DiskUsageOptions, from = store) =>
  diskUsage(from, of, options)?.map(({ path, stats, before, change }) =>
    [path, stats.files, stats.bytes, ...(change ? [change, before?.bytes ?? '-'] : [])].join(' '),
  )

test('sums of a path and of what lies in it, the largest first; one object read for each directory on the way', () => {
  const { store: counting, read } = counted()
  expect(linesOf(image, { path: '/', depth: 1 }, counting)).toEqual([
    '/ 6 1124',
    '/usr 3 1100',
    '/etc 2 14',
    '/srv 1 10',
  ])
  expect(read).toHaveLength(1)
  read.length = 0
  expect(linesOf(image, { path: '/usr/lib/', depth: 1 }, counting)).toEqual([
    '/usr/lib 2 1000',
    '/usr/lib/deep 1 1000',
    '/usr/lib/link 1 0',
  ])
  expect(read).toHaveLength(3)
  read.length = 0
  expect(linesOf(image, { path: '/', depth: 0 }, counting)).toEqual(['/ 6 1124'])
  expect(read).toHaveLength(0)
})

test('a file, a link, nothing', () => {
  expect(linesOf(image, { path: '/etc/motd', depth: 1 })).toEqual(['/etc/motd 1 5'])
  expect(linesOf(image, { path: '/usr/lib/link/er', depth: 1 })).toBeUndefined()
  expect(linesOf(image, { path: '/nowhere', depth: 1 })).toBeUndefined()
})

test('beside another image: what changed by how much, and equal directories are not read', () => {
  const { 'etc/hosts': _, ...kept } = PATHS
  const next = imageOf({ ...kept, 'etc/motd': 'hallo', 'usr/bin/other': 'w'.repeat(50) })
  const { store: counting, read } = counted()
  expect(linesOf(next, { path: '/', depth: 2, from: image }, counting)).toEqual([
    '/ 6 1165 changed 1124',
    '/usr 4 1150 changed 1100',
    '/usr/bin 2 150 changed 100',
    '/etc 1 5 changed 14',
    '/etc/hosts 1 9 removed 9',
    '/etc/motd 1 5 changed 5',
  ])
  // The root, etc and usr of both.
  expect(read).toHaveLength(6)
  expect(linesOf(image, { path: '/srv', depth: 9, from: next })).toEqual(['/srv 1 10'])
})
