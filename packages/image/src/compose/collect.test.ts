import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { runInSandbox } from '@holotype/sandbox'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { mapOf, type SyntheticPath } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { checkout } from './checkout.ts'
import { collect } from './collect.ts'
import { applyLayer } from './layer.ts'
import { hardlinkGroups, type PathMap, rootOf } from './path-map.ts'

const isRoot = process.getuid?.() === 0
const base = temporaryDirectory()
const store = openStore(join(base, 'store'))
const EPOCH = 1_700_000_500

/** What an image is after a script ran in it. */
async function after(script: string, paths: Record<string, SyntheticPath>): Promise<PathMap> {
  const map = mapOf(store, {
    ...paths,
    usr: '/',
    bin: '-> usr/bin',
    sbin: '-> usr/sbin',
    lib: '-> usr/lib',
    lib64: '-> usr/lib64',
  })
  const [lower, scratch] = [mkdtempSync(join(base, 'lower-')), mkdtempSync(join(base, 'scratch-'))]
  const upper = join(scratch, 'upper')
  mkdirSync(upper)
  checkout(store, rootOf(store, map), { directory: lower })
  await runInSandbox(['/bin/sh', '-ec', script], {
    root: { lower: [lower], upper, scratch },
    binds: [{ source: '/usr', target: '/usr', writable: false }],
  })
  applyLayer(map, await collect({ store, upper, scratch, epoch: EPOCH }), { store })
  return map
}

const paths = (map: PathMap, below: string) => [...map.keys()].filter((path) => path.startsWith(`${below}/`)).sort()
const text = (map: PathMap, path: string) => {
  const entry = map.get(path)?.entry
  return entry?.type === 'file' ? store.read(entry.digest).toString() : entry?.type
}

describe.skipIf(!isRoot)('what scripts changed (skipped without root: mounts)', () => {
  test('keeps which names are one file', async () => {
    const map = await after('ln /etc/old /etc/again; echo x > /etc/one; ln /etc/one /etc/two; cp /etc/one /etc/other', {
      'etc/old': 'old',
    })
    expect(hardlinkGroups(map)).toEqual([
      ['/etc/again', '/etc/old'],
      ['/etc/one', '/etc/two'],
    ])
    expect(map.get('etc/old')?.entry).toEqual(map.get('etc/again')?.entry)
  })

  test('reaches the image, and nothing else does', async () => {
    const map = await after('echo new > /etc/new; echo more >> /etc/changed; ln -s new /etc/link; mkfifo /etc/pipe', {
      'etc/changed': 'some\n',
      'etc/kept': 'kept',
    })
    expect(paths(map, 'etc')).toEqual(['changed', 'kept', 'link', 'new', 'pipe'].map((name) => `etc/${name}`))
    expect([text(map, 'etc/changed'), text(map, 'etc/new'), text(map, 'etc/pipe')]).toEqual([
      'some\nmore\n',
      'new\n',
      'fifo',
    ])
    expect(map.get('etc/kept')?.entry.mtime).toBe(1_700_000_000)
    expect(map.get('etc/new')).toMatchObject({ owner: 'step:maintainer-scripts', entry: { mtime: EPOCH, mode: 0o644 } })
    expect(map.get('etc/changed')?.owner).toBe('package:base')
  })

  test('a path that was removed is gone with all below it, and its neighbour stays', async () => {
    const map = await after('rm -r /etc/d /etc/f', { 'etc/d/e/f': 'x', 'etc/d-kept': 'x', 'etc/f': 'x' })
    expect(paths(map, 'etc')).toEqual(['etc/d-kept'])
  })

  test('a directory that was removed and made again holds what is new alone', async () => {
    const map = await after('rm -r /etc/d; mkdir -m 700 /etc/d; echo new > /etc/d/new', {
      'etc/d/old': 'x',
      'etc/d/sub/old': 'x',
    })
    expect(paths(map, 'etc/d')).toEqual(['etc/d/new'])
    expect(map.get('etc/d')?.entry.mode).toBe(0o700)
  })

  test('a directory becomes a file or a link, a file a directory', async () => {
    const map = await after(
      'rm -r /etc/d /etc/e /etc/f; echo x > /etc/d; ln -s d /etc/e; mkdir /etc/f; echo y > /etc/f/y',
      {
        'etc/d/a/b': 'x',
        'etc/e/a': 'x',
        'etc/f': 'x',
      },
    )
    expect(paths(map, 'etc')).toEqual(['etc/d', 'etc/e', 'etc/f', 'etc/f/y'])
    expect([text(map, 'etc/d'), text(map, 'etc/e'), text(map, 'etc/f')]).toEqual(['x\n', 'symlink', 'directory'])
  })

  test('owner and mode alone: the bytes stay, and of two files with one inode the other is as it was', async () => {
    const map = await after('chown 7:8 /etc/a; chmod 4711 /etc/a', { 'etc/a': 'same', 'etc/b': 'same' })
    expect(map.get('etc/a')?.entry).toMatchObject({ uid: 7, gid: 8, mode: 0o4711, mtime: 1_700_000_000 })
    expect(map.get('etc/b')?.entry).toMatchObject({ uid: 0, gid: 0, mode: 0o644 })
    expect(text(map, 'etc/a')).toBe('same')
  })

  test('hard links become files of their own', async () => {
    const map = await after('echo x > /etc/z; ln /etc/z /etc/a; chmod 600 /etc/a', { etc: '/' })
    for (const path of ['etc/a', 'etc/z'])
      expect(map.get(path)?.entry).toMatchObject({ type: 'file', mode: 0o600, size: 2 })
  })

  test.skipIf(!existsSync('/usr/sbin/setcap'))(
    'capabilities that setcap gives (skipped without setcap), and no attribute of the overlay',
    async () => {
      const map = await after('setcap cap_net_raw=ep /etc/tool; mkdir /etc/d', { 'etc/tool': 'x', 'etc/other': 'y' })
      const { xattrs } = map.get('etc/tool')?.entry ?? {}
      expect(Object.keys(xattrs ?? {})).toEqual(['security.capability'])
      // linux/capability.h, struct vfs_cap_data: revision 2 with the effective bit, then the permitted set, bit 13.
      expect(
        Buffer.from(xattrs?.['security.capability'] ?? '', 'base64')
          .toString('hex')
          .slice(0, 16),
      ).toBe('0100000200200000')
      for (const path of ['etc', 'etc/d', 'etc/other']) expect(map.get(path)?.entry.xattrs).toBeUndefined()
    },
  )
})
