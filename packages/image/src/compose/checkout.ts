import {
  chmodSync,
  copyFileSync,
  linkSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path/posix'
import { asDiskFull, type Digest, errnoOf, temporaryName } from '@holotype/base'
import {
  diffTrees,
  type Entry,
  type FileEntry,
  type LeafEntry,
  lookup,
  type Store,
  type TreeChange,
} from '@holotype/store'
import { fail } from '../errors.ts'
import type { ImageManifest } from '../types.ts'

type Metadata = Pick<Root, 'mode' | 'uid' | 'gid' | 'mtime'>

/** A tree with the metadata of its top, which the tree itself has none of: an image's root. */
export type Root = ImageManifest['root']

export interface CheckoutOptions {
  readonly directory: string
  /** The tree that lies in the directory already: an update costs what differs, and leaves what a new checkout would. Default: nothing. */
  readonly laid?: Digest | undefined
}

/**
 * Lays an image out as a directory, read-only for whoever uses it: files are hard links into the store's inode cache, so that what was
 * laid out before costs a link and no bytes. Extended attributes are not laid out: packages carry none until their scripts set them.
 * Paths are those of a tree, so each lies in a directory of the image itself, never behind a link that leads elsewhere on this machine.
 * @throws DISK_FULL, OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_SPEC_REFUSED (device nodes)
 */
export function checkout(store: Store, root: Root, { directory, laid }: CheckoutOptions): void {
  try {
    mkdirSync(directory, { recursive: true })
    const changes = [...diffTrees(store, laid, root.tree)]
    // Backwards: what lies in a directory goes before it.
    for (const { path, before, after } of changes.toReversed()) remove(join(directory, path), before, after)
    const prepared = new Set<string>()
    for (const { path, before, after } of changes) {
      if (after?.type === 'directory') {
        if (before?.type !== 'directory') mkdirSync(join(directory, path))
      } else if (after) layLeaf(store, after, { path, place: join(directory, path), prepared })
    }
    for (const [path, entry] of touched(store, root, changes)) setMetadata(join(directory, path), entry)
  } catch (error) {
    throw asDiskFull(error, directory)
  }
}

function remove(place: string, before: Entry | undefined, after: Entry | undefined): void {
  if (before === undefined) return
  if (before.type !== 'directory') rmSync(place)
  else if (after?.type !== 'directory') rmdirSync(place)
}

function layLeaf(
  store: Store,
  entry: LeafEntry,
  { path, place, prepared }: { readonly path: string; readonly place: string; readonly prepared: Set<string> },
): void {
  if (entry.type === 'symlink') {
    symlinkSync(entry.target, place)
    lchownSync(place, entry.uid, entry.gid)
    lutimesSync(place, entry.mtime, entry.mtime)
  } else if (entry.type === 'file') linkFile(store, entry, place, prepared)
  else
    throw fail('IMAGE_SPEC_REFUSED', {
      what: `/${path} is a ${entry.type} device or fifo, which a package may not bring`,
    })
}

/** The directories that changed, or in which something came or went: that changed their time. */
function touched(store: Store, root: Root, changes: readonly TreeChange[]): Map<string, Metadata> {
  const found = new Map<string, Metadata>([['', root]])
  for (const { path, after } of changes) if (after?.type === 'directory') found.set(path, after)
  for (const { path, before, after } of changes) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (found.has(parent) || (before?.type === 'directory' && after?.type === 'directory')) continue
    const entry = lookup(store, root.tree, parent)
    // Gone with what lay in it.
    if (entry?.type === 'directory') found.set(parent, entry)
  }
  return found
}

function linkFile(store: Store, entry: FileEntry, place: string, prepared: Set<string>): void {
  const cached = inodeOf(store, entry, prepared)
  try {
    linkSync(cached, place)
  } catch (error) {
    // ext4 holds 65,000 links of one inode: an empty file of a large fleet's images may get there.
    if (errnoOf(error) !== 'EMLINK') throw error
    copyWithMetadata(store, entry, place)
  }
}

/** One inode for each (bytes, mode, owner, time): two files that share them share it. */
function inodeOf(store: Store, entry: FileEntry, prepared: Set<string>): string {
  const hex = entry.digest.slice('sha256:'.length)
  const folder = join(store.directory, 'inodes', hex.slice(0, 2))
  const path = join(folder, `${hex.slice(2)}-${entry.mode.toString(8)}-${entry.uid}-${entry.gid}-${entry.mtime}`)
  // A power cut may leave a file without its bytes: ext4 allocates them late.
  if (statSync(path, { throwIfNoEntry: false })?.size === entry.size) return path
  if (!prepared.has(folder)) {
    privateDirectory(join(store.directory, 'inodes'))
    mkdirSync(folder, { recursive: true })
    prepared.add(folder)
  }
  const temporary = temporaryName(path)
  try {
    copyWithMetadata(store, entry, temporary)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  return path
}

/** Makes a directory that only its owner may enter: below it lie set-user-id programs of images, old ones too, that nobody here is to run. */
export function privateDirectory(path: string): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o700)
}

function copyWithMetadata(store: Store, entry: FileEntry, place: string): void {
  copyFileSync(store.pathOf(entry.digest), place)
  setMetadata(place, entry)
}

function setMetadata(place: string, entry: Metadata): void {
  lchownSync(place, entry.uid, entry.gid)
  chmodSync(place, entry.mode)
  lutimesSync(place, entry.mtime, entry.mtime)
}
