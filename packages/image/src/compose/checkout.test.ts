import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { runInSandbox } from '@holotype/sandbox'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { entryOf, mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { checkout } from './checkout.ts'
import { type PathMap, rootOf } from './path-map.ts'

const isRoot = process.getuid?.() === 0
const base = temporaryDirectory()
const store = openStore(join(base, 'store'))
const TIME = 1_700_000_000

function laid(map: PathMap): string {
  const directory = mkdtempSync(join(base, 'root-'))
  checkout(store, rootOf(store, map), { directory })
  return directory
}

const file = (text: string, metadata: { mode?: number; uid?: number; gid?: number; mtime?: number } = {}) =>
  ({ ...entryOf(store, text), ...metadata }) as const

describe.skipIf(!isRoot)('a checkout (skipped without root: files of many owners)', () => {
  test('has every path with its owner, mode and time, under any umask', () => {
    const before = process.umask(0o077)
    try {
      const directory = laid(
        mapOf(store, {
          'usr/bin/tool': file('tool', { mode: 0o4755, uid: 0, gid: 42 }),
          'var/mail': { type: 'directory', mode: 0o2775, uid: 8, gid: 8, mtime: 5 },
          'var/mail/a': file('a', { uid: 1000 }),
          link: '-> usr/bin/tool',
        }),
      )
      const facts = (path: string) => {
        const { mode, uid, gid, mtimeMs } = lstatSync(join(directory, path))
        return [(mode & 0o7777).toString(8), uid, gid, mtimeMs / 1000]
      }
      expect(facts('usr/bin/tool')).toEqual(['4755', 0, 42, TIME])
      expect(facts('usr/bin')).toEqual(['755', 0, 0, 0])
      expect(facts('var/mail')).toEqual(['2775', 8, 8, 5])
      expect(facts('var/mail/a')).toEqual(['644', 1000, 0, TIME])
      expect(facts('link').slice(1)).toEqual([0, 0, TIME])
      expect(readFileSync(join(directory, 'link'), 'utf8')).toBe('tool')
    } finally {
      process.umask(before)
    }
  })

  test('shares inodes with the one before, where bytes and metadata are the same', () => {
    const inode = (directory: string, path: string) => statSync(join(directory, path)).ino
    const map = mapOf(store, { a: 'same', b: 'same', c: file('same', { mode: 0o755 }), d: file('same', { mtime: 1 }) })
    const [one, two] = [laid(map), laid(map)]
    expect(inode(one, 'a')).toBe(inode(two, 'a'))
    expect(inode(one, 'a')).toBe(inode(one, 'b'))
    expect(new Set(['a', 'c', 'd'].map((path) => inode(one, path))).size).toBe(3)
  })

  test('goes on where an inode can take no more links', () => {
    const map = mapOf(store, { a: 'much linked' })
    const first = join(laid(map), 'a')
    const folder = mkdtempSync(join(base, 'links-'))
    // ext4's limit is 65,000; other file systems have none that is reached here, and the test holds for them as well.
    execFileSync('python3', [
      '-c',
      'import os,sys\ntry:\n for i in range(65001): os.link(sys.argv[1], f"{sys.argv[2]}/{i}")\nexcept OSError: pass',
      first,
      folder,
    ])
    const second = join(laid(map), 'a')
    expect(readFileSync(second, 'utf8')).toBe('much linked')
    expect(statSync(second).mtimeMs / 1000).toBe(TIME)
  })

  test('makes a cached file anew that a power cut left without its bytes', () => {
    const map = mapOf(store, { a: 'will be lost' })
    truncateSync(join(laid(map), 'a'), 0)
    expect(readFileSync(join(laid(map), 'a'), 'utf8')).toBe('will be lost')
  })

  test('lets nobody else at the set-user-id programs of images', () => {
    laid(mapOf(store, { a: 'x' }))
    expect(statSync(join(store.directory, 'inodes')).mode & 0o077).toBe(0)
  })

  test('is never written through: a sandbox changes its own layer alone', async () => {
    const directory = laid(
      mapOf(store, {
        etc: '/',
        'etc/a': 'below',
        'etc/b': 'below',
        usr: '/',
        bin: '-> usr/bin',
        lib: '-> usr/lib',
        lib64: '-> usr/lib64',
      }),
    )
    const scratch = mkdtempSync(join(base, 'scratch-'))
    mkdirSync(join(scratch, 'upper'))
    const before = lstatSync(join(directory, 'etc/a'))
    await runInSandbox(['/bin/sh', '-c', 'echo above >> /etc/a; chown 7 /etc/a; chmod 600 /etc/b; touch /etc/c'], {
      root: { lower: [directory], upper: join(scratch, 'upper'), scratch },
      binds: [{ source: '/usr', target: '/usr', writable: false }],
    })
    const after = lstatSync(join(directory, 'etc/a'))
    expect([after.ino, after.uid, after.mode, after.mtimeMs]).toEqual([
      before.ino,
      before.uid,
      before.mode,
      before.mtimeMs,
    ])
    expect(readFileSync(join(directory, 'etc/a'), 'utf8')).toBe('below')
    expect(readdirSync(join(directory, 'etc')).sort()).toEqual(['a', 'b'])
  })
})

test('nothing is written behind a link, wherever it leads', () => {
  const outside = join(base, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'kept'), 'kept')
  const map = mapOf(store, { 'var/lib': `-> ${outside}`, dpkg: '/' })
  map.set('var/lib/dpkg', { entry: entryOf(store, '/'), owner: 'step:dpkg-database' })
  map.set('var/lib/dpkg/status', { entry: entryOf(store, 'x'), owner: 'step:dpkg-database' })
  expect(() => laid(map)).toThrow(expect.objectContaining({ code: 'TREE_INVALID' }))
  expect(readdirSync(outside)).toEqual(['kept'])
})

test('a device of a package is refused', () => {
  const device = { type: 'block', mode: 0o666, uid: 0, gid: 0, mtime: 0, major: 8, minor: 0 } as const
  expect(() => laid(mapOf(store, { disk: device }))).toThrow(expect.objectContaining({ code: 'IMAGE_SPEC_REFUSED' }))
})
