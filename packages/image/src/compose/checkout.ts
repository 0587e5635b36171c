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
import { dirname, join } from 'node:path/posix'
import { asDiskFull, compareText, errnoOf, temporaryName } from '@holotype/base'
import type { EntryInput, FileEntry, Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { notInDirectory, type PathMap } from './path-map.ts'

type File = Omit<FileEntry, 'name'>

/**
 * Lays an image out as a directory, read-only for whoever uses it: files are hard links into the store's inode cache, so that what was
 * laid out before costs a link and no bytes. Extended attributes are not laid out: packages carry none until their scripts set them.
 * Every path lies in a directory of the image itself: one that lay behind a link would be written to wherever on this machine the link leads.
 * @throws DISK_FULL, OBJECT_MISSING, IMAGE_PATH_CONFLICT (a path in what is no directory), IMAGE_SPEC_REFUSED (device nodes)
 */
export function checkout(store: Store, map: PathMap, directory: string): void {
  growingCheckout(store, directory).update(map)
}

/** A checkout that follows its map: an update costs what changed since the last one, and leaves what a new checkout would. */
export interface GrowingCheckout {
  readonly directory: string
  /** @throws as {@link checkout} */
  update(map: PathMap): void
}

/** A directory that does not exist yet. */
export function growingCheckout(store: Store, directory: string): GrowingCheckout {
  let laid = new Map<string, EntryInput>()
  return {
    directory,
    update: (map) => {
      try {
        mkdirSync(directory, { recursive: true })
        removePaths(laid, { map, directory })
        layPaths(store, map, { laid, directory })
      } catch (error) {
        throw asDiskFull(error, directory)
      }
      laid = new Map([...map].map(([path, { entry }]) => [path, entry]))
    },
  }
}

interface Before {
  readonly directory: string
  readonly laid: ReadonlyMap<string, EntryInput>
}

/** Takes away what is not as in the map any more, what lies in a directory before the directory. */
function removePaths(
  laid: Before['laid'],
  { map, directory }: { readonly map: PathMap; readonly directory: string },
): void {
  for (const [path, entry] of [...laid].sort(([a], [b]) => compareText(b, a))) {
    const next = map.get(path)?.entry
    const place = join(directory, path)
    if (entry.type !== 'directory') {
      if (next === undefined || !isLaidAlike(entry, next)) rmSync(place)
    } else if (next?.type !== 'directory') rmdirSync(place)
  }
}

/** Whether two entries lie alike: attributes are not laid out. */
function isLaidAlike(a: EntryInput, b: EntryInput): boolean {
  if (a === b) return true
  const common = a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.mtime === b.mtime
  if (a.type === 'file' && b.type === 'file') return common && a.digest === b.digest
  return a.type === 'symlink' && b.type === 'symlink' && common && a.target === b.target
}

function layPaths(store: Store, map: PathMap, { laid, directory }: Before): void {
  const paths = [...map].sort(([a], [b]) => compareText(a, b))
  const directories: [path: string, entry: EntryInput][] = []
  const prepared = new Set<string>()
  for (const [path, { entry }] of paths) {
    const parent = dirname(path)
    const above = map.get(parent)
    if (parent !== '.' && above?.entry.type !== 'directory') throw notInDirectory(path, parent, above?.owner)
    const place = join(directory, path)
    const before = laid.get(path)
    if (entry.type === 'directory') {
      if (before?.type !== 'directory') mkdirSync(place, { recursive: true })
      directories.push([place, entry])
    } else if (before !== undefined && isLaidAlike(before, entry)) continue
    else if (entry.type === 'symlink') {
      symlinkSync(entry.target, place)
      lchownSync(place, entry.uid, entry.gid)
      lutimesSync(place, entry.mtime, entry.mtime)
    } else if (entry.type === 'file') linkFile(store, entry, place, prepared)
    else
      throw fail('IMAGE_SPEC_REFUSED', {
        what: `/${path} is a ${entry.type} device or fifo, which a package may not bring`,
      })
  }
  // All of them: whatever was laid in one or taken from it changed its time.
  for (const [place, entry] of directories.reverse()) setMetadata(place, entry)
}

function linkFile(store: Store, entry: File, place: string, prepared: Set<string>): void {
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
function inodeOf(store: Store, entry: File, prepared: Set<string>): string {
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

function copyWithMetadata(store: Store, entry: File, place: string): void {
  copyFileSync(store.pathOf(entry.digest), place)
  setMetadata(place, entry)
}

function setMetadata(place: string, entry: EntryInput): void {
  lchownSync(place, entry.uid, entry.gid)
  chmodSync(place, entry.mode)
  lutimesSync(place, entry.mtime, entry.mtime)
}
