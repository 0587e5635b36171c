import type { Digest } from '@holotype/base'
import { formatOf, type FormatName, type PayloadEntry } from '@holotype/formats'
import { buildTree, type EntryInput, type Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { UNPACKED_BYTES, UNPACKED_MEMORY_BYTES, UNPACKED_PATHS } from '../limits.ts'
import { type Unpacked, unpackedKey } from './unpacked.ts'

/**
 * Takes a package file of the store apart: its payload becomes a tree, its control members blobs.
 * A hard link becomes an entry equal to its target's, and the record says that both are one file.
 * @throws UNPACK_FAILED, DISK_FULL
 */
export async function unpackPackage(store: Store, format: FormatName, packageFile: Digest): Promise<Digest> {
  const placed = new Map<string, EntryInput>()
  const links = new Map<string, string[]>()
  let bytes = 0
  const file = await formatOf(format).readPackage(store.pathOf(packageFile), async (entry, content) => {
    bytes += entry.size
    if (placed.size >= UNPACKED_PATHS) throw tooMuch('UNPACKED_PATHS', UNPACKED_PATHS, 'paths')
    if (bytes > UNPACKED_BYTES) throw tooMuch('UNPACKED_BYTES', UNPACKED_BYTES, 'bytes')
    if (entry.type === 'hardlink') joinGroup(links, entry.target ?? '', entry.path)
    placed.set(entry.path, await place(store, placed, entry, content))
  })
  addMissingParents(placed)
  const tree = buildTree(
    store,
    [...placed].map(([path, entry]) => ({ path, entry })),
  )
  const control: Record<string, { digest: Digest; mode: number }> = {}
  for (const [name, member] of file.control) control[name] = { digest: store.put(member.bytes), mode: member.mode }
  const groups = [...new Set(links.values())]
  const unpacked = {
    schema: 'holotype.unpacked/1',
    tree: tree.digest,
    ...(groups.length > 0 ? { hardlinks: groups } : {}),
    fields: file.fields,
    control,
  } satisfies Unpacked
  const digest = store.putJson(unpacked)
  store.remember(unpackedKey(packageFile), digest)
  return digest
}

function tooMuch(limit: string, value: number, unit: string): Error {
  return fail('UNPACK_FAILED', { what: `it holds more than ${limit}, ${value} ${unit}` })
}

/** A link to a link is one more name of the same file. */
function joinGroup(groups: Map<string, string[]>, target: string, path: string): void {
  const group = groups.get(target) ?? [target]
  group.push(path)
  groups.set(target, group).set(path, group)
}

async function place(
  store: Store,
  placed: ReadonlyMap<string, EntryInput>,
  entry: PayloadEntry,
  content: AsyncIterable<Uint8Array>,
): Promise<EntryInput> {
  const { mode, uid, gid, mtime } = entry
  const metadata = { mode, uid, gid, mtime, ...(entry.xattrs ? { xattrs: entry.xattrs } : {}) }
  switch (entry.type) {
    case 'file': {
      if (entry.size > UNPACKED_MEMORY_BYTES) return { type: 'file', ...metadata, ...(await store.putStream(content)) }
      const chunks: Uint8Array[] = []
      for await (const chunk of content) chunks.push(chunk)
      const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      return { type: 'file', ...metadata, digest: store.put(bytes), size: bytes.length }
    }
    case 'directory':
      return { type: 'directory', ...metadata }
    case 'symlink':
      return { type: 'symlink', ...metadata, mode: 0o777, target: entry.target ?? '' }
    case 'hardlink': {
      const target = placed.get(entry.target ?? '')
      if (target?.type !== 'file')
        throw fail('UNPACK_FAILED', {
          what: `${entry.path} is a hard link to ${entry.target}, which is no file before it`,
        })
      return target
    }
    case 'character':
    case 'block':
      return { type: entry.type, ...metadata, major: entry.device?.major ?? 0, minor: entry.device?.minor ?? 0 }
    case 'fifo':
      return { type: 'fifo', ...metadata }
  }
}

/** Some packages name a file without its directories: these are root's, 0755, as the package managers make them. */
export function addMissingParents(placed: Map<string, EntryInput>): void {
  for (const path of [...placed.keys()]) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash)
      if (placed.has(parent)) break
      placed.set(parent, { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 })
    }
  }
  if (!placed.has('')) placed.set('', { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 })
}
