import { buildTree, type EntryInput, type Store } from '@holotype/store'
import type { Digest } from '@holotype/base'
import type { ImageManifest } from '../../types.ts'

/** A time no clock of a test machine shows. */
const MTIME = 1_500_000_000

/** An image with what formats differ in: long and odd names, owners, set-user-id, attributes, hard links, devices, files alike, holes. */
export function sampleImage(store: Store, architecture = 'amd64'): Digest {
  const meta = { uid: 0, gid: 0, mtime: MTIME } as const
  const directory = { type: 'directory', mode: 0o755, ...meta } as const
  const file = (bytes: Buffer | string, more: Partial<EntryInput> = {}) => {
    const content = Buffer.from(bytes)
    return {
      type: 'file',
      mode: 0o644,
      ...meta,
      digest: store.put(content),
      size: content.length,
      ...pick(more),
    } as const
  }
  const long = 'a-long-name-'.repeat(15)
  const entries: Record<string, EntryInput> = {
    bin: directory,
    'bin/sh': file('#!', { mode: 0o755 }),
    'bin/su': file('set-user-id', { mode: 0o4755 }),
    'bin/ping': { ...file('ping', { mode: 0o755 }), xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' } },
    'bin/first': file('the same file'),
    'bin/second': file('the same file'),
    etc: directory,
    'etc/alike-1': file('alike'),
    'etc/alike-2': file('alike'),
    'etc/with space "and quotes"': file('odd', { uid: 1000, gid: 70_000, mtime: MTIME + 5 }),
    'etc/umlaut-ä-漢': file(''),
    [`etc/${long}`]: file('long name'),
    'etc/attribute': { ...file('attribute'), xattrs: { 'user.note': Buffer.from('a\0b=c\n').toString('base64') } },
    'etc/long-link': { type: 'symlink', mode: 0o777, ...meta, target: `/usr/${'x'.repeat(150)}` },
    'etc/link': { type: 'symlink', mode: 0o777, ...meta, target: 'with space "and quotes"' },
    dev: directory,
    'dev/null': { type: 'character', mode: 0o666, ...meta, major: 1, minor: 3 },
    'dev/large': { type: 'block', mode: 0o660, uid: 0, gid: 6, mtime: MTIME, major: 259, minor: 300 },
    run: { ...directory, mode: 0o1777, uid: 33, gid: 33 },
    'run/pipe': { type: 'fifo', mode: 0o600, ...meta },
    'run/large': file(Buffer.alloc(3_000_001, 'large ')),
    'run/zeros': file(Buffer.alloc(200_000)),
    'run/many': directory,
    ...Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`run/many/number-${index}-${'n'.repeat(60)}`, file(`${index}`)]),
    ),
  }
  const tree = buildTree(
    store,
    Object.entries(entries).map(([path, entry]) => ({ path, entry })),
  )
  const manifest = {
    schema: 'holotype.image/1',
    name: 'sample',
    format: 'deb',
    architecture,
    root: { tree: tree.digest, mode: 0o755, uid: 0, gid: 0, mtime: MTIME },
    stats: tree.stats,
    lock: store.putJson({}),
    spec: store.putJson({ description: 'a sample' }),
    packages: store.putJson([]),
    owners: store.putJson({}),
    hardlinks: store.putJson([['/bin/first', '/bin/second']]),
    exclusions: [],
    triggers: [],
  } satisfies ImageManifest
  return store.putJson(manifest)
}

function pick({ mode, uid, gid, mtime }: Partial<EntryInput>) {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mtime === undefined ? {} : { mtime }),
  }
}
