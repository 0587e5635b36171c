import { createReadStream } from 'node:fs'
import { type Digest, digester } from '@holotype/base'
import type { PayloadToWrite } from '@holotype/formats'
import { type Entry, type FileEntry, failStore, type Store, walkTree } from '@holotype/store'
import { z } from 'zod'
import { HELD_FILE_BYTES } from '../limits.ts'
import { readManifest } from '../manifest.ts'
import type { ImageManifest } from '../types.ts'
import { platformOf } from '../platform.ts'

/** An image as its exports read it: objects of the store, never a laid-out root. */
export interface ExportSource {
  readonly store: Store
  readonly image: Digest
  readonly manifest: ImageManifest
  /** Its architecture as containers name it: `amd64`, `arm64`. */
  readonly platform: string
  /** The newest time of the tree, seconds since the epoch: what stands wherever a format wants the time it was made. */
  readonly epoch: number
}

/** One path of an image; `first` is the path before it that is the same file under another name. */
export interface ExportPath {
  /** Relative to the root, no leading slash; '' is the root. */
  readonly path: string
  readonly entry: Entry
  readonly first?: string
}

/** @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED */
export function openSource(store: Store, image: Digest): ExportSource {
  const manifest = readManifest(store, image)
  const platform = platformOf(manifest.architecture)
  return { store, image, manifest, platform, epoch: Math.max(manifest.root.mtime, manifest.stats.newest) }
}

/** Everything of an image, its root first, a directory before what it holds: the order of every export. @throws OBJECT_MISSING, OBJECT_CORRUPT */
export function* pathsOf({ store, manifest }: ExportSource): Generator<ExportPath> {
  const { tree, ...metadata } = manifest.root
  yield { path: '', entry: { type: 'directory', name: '', ...metadata, tree, stats: manifest.stats } }
  const groupOf = hardlinksOf(store, manifest)
  const firsts = new Map<number, string>()
  for (const { path, entry } of walkTree(store, tree)) {
    const group = entry.type === 'file' ? groupOf.get(path) : undefined
    const first = group === undefined ? undefined : firsts.get(group)
    yield first === undefined ? { path, entry } : { path, entry, first }
    if (group !== undefined && first === undefined) firsts.set(group, path)
  }
}

/** The same as members of an archive, their content read and verified as it is taken. */
export function* membersOf(source: ExportSource): Generator<PayloadToWrite> {
  for (const { path, entry, first } of pathsOf(source)) {
    const { mode, uid, gid, mtime, xattrs } = entry
    const member = { path, mode, uid, gid, mtime, size: 0 } as const
    // A second name has no content and no attributes of its own.
    if (first !== undefined) yield { ...member, type: 'hardlink', target: first }
    else if (entry.type === 'file')
      yield {
        ...member,
        type: 'file',
        size: entry.size,
        ...(xattrs ? { xattrs } : {}),
        ...contentOf(source.store, entry),
      }
    else if (entry.type === 'symlink')
      yield { ...member, type: 'symlink', target: entry.target, ...(xattrs ? { xattrs } : {}) }
    else if (entry.type === 'character' || entry.type === 'block')
      yield {
        ...member,
        type: entry.type,
        device: { major: entry.major, minor: entry.minor },
        ...(xattrs ? { xattrs } : {}),
      }
    else yield { ...member, type: entry.type, ...(xattrs ? { xattrs } : {}) }
  }
}

function contentOf(store: Store, { digest, size }: FileEntry): Pick<PayloadToWrite, 'bytes' | 'open'> {
  return size <= HELD_FILE_BYTES ? { bytes: store.read(digest) } : { open: () => verified(store, digest) }
}

/** An object's bytes as they are read; the last of them only when all are what the digest says. @throws OBJECT_MISSING, OBJECT_CORRUPT */
export async function* verified(store: Store, digest: Digest): AsyncGenerator<Buffer, void, undefined> {
  const path = store.pathOf(digest)
  const running = digester()
  let last: Buffer | undefined
  for await (const chunk of createReadStream(path, { highWaterMark: HELD_FILE_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue
    if (last) yield last
    running.update(chunk)
    last = chunk
  }
  if (running.digest() !== digest)
    throw failStore('OBJECT_CORRUPT', {
      what: `the object ${path} has other bytes than its digest says`,
      data: { digest, path },
    })
  if (last) yield last
}

const groupsSchema = z.array(z.array(z.string()))

/** Which group of names each path with several belongs to. */
function hardlinksOf(store: Store, { hardlinks }: ImageManifest): Map<string, number> {
  if (hardlinks === undefined) return new Map()
  const groups = groupsSchema.parse(store.readJson(hardlinks))
  return new Map(groups.flatMap((group, index) => group.map((path) => [path.slice(1), index] as const)))
}
