import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildTree, openStore, type PathInput } from '@holotype/store'
import { afterAll, expect, test } from 'vitest'
import { differencesOf } from './image-differences.ts'

const base = mkdtempSync(join(tmpdir(), 'holotype-verify-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const own = { uid: 0, gid: 0, mtime: 1 }

function side(name: string, files: Readonly<Record<string, readonly [text: string, mode: number]>>, rest: object = {}) {
  const store = openStore(join(base, name))
  const paths = Object.entries(files).map(([path, [text, mode]]): PathInput => {
    const bytes = Buffer.from(text)
    return { path, entry: { type: 'file', mode, ...own, digest: store.put(bytes), size: bytes.length } }
  })
  const tree = buildTree(store, [{ path: 'etc', entry: { type: 'directory', mode: 0o755, ...own } }, ...paths]).digest
  return { store, image: store.putJson({ schema: 'holotype.image/1', root: { tree }, ...rest }) }
}

test('names each path that differs, and in what', () => {
  const one = side('one', {
    'etc/a': ['a', 0o644],
    'etc/b': ['b', 0o644],
    'etc/gone': ['', 0o644],
    'etc/same': ['', 0o600],
  })
  const two = side('two', {
    'etc/a': ['other', 0o644],
    'etc/b': ['b', 0o600],
    'etc/new': ['', 0o644],
    'etc/same': ['', 0o600],
  })
  expect(differencesOf(one, two)).toEqual([
    '/etc/a: digest, size',
    '/etc/b: mode',
    '/etc/gone: not made again',
    '/etc/new: made the second time only',
  ])
})

test('names what differs of two manifests of one tree', () => {
  const files = { 'etc/a': ['a', 0o644] } as const
  expect(
    differencesOf(side('three', files, { owners: 'x' }), side('four', files, { owners: 'y', hardlinks: 'z' })),
  ).toEqual(['the manifest: owners, hardlinks'])
})
