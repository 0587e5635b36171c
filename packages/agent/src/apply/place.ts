import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { errnoOf, run } from '@holotype/base'
import type { FileEntry, LeafEntry } from '@holotype/store'
import { explain } from '../explain.ts'
import { readThrough } from '../state/hash-file.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { runTar } from '../tar/run-tar.ts'
import { tarMember } from '../tar/write-member.ts'
import { TEMPORARY } from '../tree/scan.ts'
import type { Directories } from './directories.ts'

export interface Placing {
  readonly directories: Directories
  readonly staged: ObjectFolder
  /** How many more paths need an object: at the last one the staged file itself is moved. */
  readonly uses: Map<string, number>
}

let lastTemporary = 0

/** A name in the directory of `path` that only this program makes, and that the next run removes if it is left. */
export function temporaryBeside(path: string): string {
  return `${path.slice(0, path.lastIndexOf('/'))}/${TEMPORARY}${process.pid}-${++lastTemporary}`
}

/** Puts a leaf of the image at its path: complete under another name first, then renamed over what was there. */
export async function placeLeaf(placing: Placing, path: string, entry: LeafEntry): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    if (entry.type === 'file') {
      if (entry.xattrs) await fileByTar(placing, temporary, entry)
      else if (moveStaged(placing, path, entry)) return
      else copyStaged(placing, temporary, entry)
      used(placing, entry)
    } else if (entry.type === 'symlink') {
      const at = placing.directories.at(temporary)
      symlinkSync(entry.target, at)
      lchownSync(at, entry.uid, entry.gid)
      lutimesSync(at, entry.mtime, entry.mtime)
    } else {
      await special(placing, temporary, entry)
    }
    const directory = `/proc/self/fd/${placing.directories.descriptor(parentOf(path))}`
    renameSync(`${directory}/${nameOf(temporary)}`, `${directory}/${nameOf(path)}`)
  } catch (error) {
    rmSync(placing.directories.at(temporary), { force: true })
    throw explain(error, path)
  }
}

/** Moves the staged file to its path when no other path needs it and both lie on one file system. */
function moveStaged({ directories, staged, uses }: Placing, path: string, entry: FileEntry): boolean {
  if (uses.get(entry.digest) !== 1 || crossDevice.has(staged)) return false
  const source = staged.pathOf(entry.digest)
  // The staging folder is closed to others, so plain paths are safe here. Changing the owner clears setuid: the mode comes after.
  chownSync(source, entry.uid, entry.gid)
  chmodSync(source, entry.mode)
  utimesSync(source, entry.mtime, entry.mtime)
  try {
    renameSync(source, directories.at(path))
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error
    crossDevice.add(staged)
    return false
  }
  staged.forget(entry.digest)
  uses.delete(entry.digest)
  return true
}

/** Staging folders that turned out to lie on another file system than the root. */
const crossDevice = new WeakSet<ObjectFolder>()

function copyStaged({ directories, staged }: Placing, temporary: string, entry: FileEntry): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = openSync(directories.at(temporary), flags, 0o600)
  try {
    readThrough(staged.pathOf(entry.digest), (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
    })
    fchownSync(file, entry.uid, entry.gid)
    fchmodSync(file, entry.mode)
    futimesSync(file, entry.mtime, entry.mtime)
  } finally {
    closeSync(file)
  }
}

/** Writes a file with extended attributes through GNU tar, in the destination directory: Node cannot set them. */
async function fileByTar({ directories, staged }: Placing, temporary: string, entry: FileEntry): Promise<void> {
  const member = tarMember(nameOf(temporary), entry, { type: 'file', size: entry.size })
  await extract(directories.forOthers(parentOf(temporary)), function* () {
    yield member.head
    yield* chunksOf(staged.pathOf(entry.digest))
    yield member.tail
  })
  const at = directories.at(temporary)
  utimesSync(at, entry.mtime, entry.mtime)
}

function* chunksOf(path: string): Generator<Buffer> {
  const chunks: Buffer[] = []
  // Gathered whole: files with attributes are few and small, and a pulled read would hold the shared buffer across turns.
  readThrough(path, (chunk) => chunks.push(Buffer.from(chunk)))
  yield* chunks
}

/** Lets GNU tar extract one member, made by us, in a directory that is held open. */
export async function extract(cwd: string, stream: () => Iterable<Buffer>): Promise<void> {
  await runTar(
    [
      '--extract',
      '--file=-',
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--same-owner',
      '--same-permissions',
      '--overwrite-dir',
    ],
    { cwd, input: stream() },
  )
}

async function special(
  { directories }: Placing,
  temporary: string,
  entry: Exclude<LeafEntry, { type: 'file' | 'symlink' }>,
): Promise<void> {
  const mode = `--mode=${entry.mode.toString(8)}`
  const cwd = directories.forOthers(parentOf(temporary))
  if (entry.type === 'fifo') await run(['mkfifo', mode, '--', nameOf(temporary)], { cwd })
  else {
    const type = entry.type === 'character' ? 'c' : 'b'
    await run(['mknod', mode, '--', nameOf(temporary), type, String(entry.major), String(entry.minor)], { cwd })
  }
  const at = directories.at(temporary)
  lchownSync(at, entry.uid, entry.gid)
  lutimesSync(at, entry.mtime, entry.mtime)
}

function used({ staged, uses }: Placing, entry: FileEntry): void {
  const left = (uses.get(entry.digest) ?? 1) - 1
  if (left > 0) uses.set(entry.digest, left)
  else {
    uses.delete(entry.digest)
    rmSync(staged.pathOf(entry.digest), { force: true })
    staged.forget(entry.digest)
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
