import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { asDiskFull, type Digest, errnoOf, hexOf } from '@holotype/base'
import { TEMPORARY_AGE_MS, USED_MS } from './limits.ts'

// Random, as process ids of two containers that share a store may be equal.
const INSTANCE = `${process.pid}-${randomBytes(8).toString('hex')}`
const TEMPORARY = '.tmp-'
const EMPTY: Digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Where an object of a store lies: `objects/aa/<62 more hex digits>`. */
export function objectPath(directory: string, digest: Digest): string {
  const hex = hexOf(digest)
  return `${directory}/objects/${hex.slice(0, 2)}/${hex.slice(2)}`
}

/**
 * The object file's size, or undefined when there is none. A file of no bytes under another name than the empty object's is what a
 * power cut leaves of an object that was not flushed (ext4 allocates late): it counts as missing, and the next put mends it.
 */
export function objectSize(directory: string, digest: Digest): number | undefined {
  const found = statSync(objectPath(directory, digest), { throwIfNoEntry: false })
  if (!found?.isFile() || (found.size === 0 && digest !== EMPTY)) return undefined
  return found.size
}

let lastTemporary = 0

/** Notes that a file of a store is used still, at most once a day. One that may not be written is nobody's garbage to collect either. */
export function markUsed(path: string): void {
  try {
    const now = new Date()
    if (now.getTime() - statSync(path).mtimeMs > USED_MS) utimesSync(path, now, now)
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw error
  }
}

/** A fresh temporary file beside the objects, on their file system. Its name cannot meet another process's, also in another container. */
export function openTemporary(directory: string): { readonly file: number; readonly path: string } {
  const path = `${directory}/objects/${TEMPORARY}${INSTANCE}-${++lastTemporary}`
  const file = openSync(path, 'wx', 0o644)
  // A store may be served by a web server or shared by users: what the umask of one process was must not show.
  fchmodSync(file, 0o644)
  return { file, path }
}

/** Writes all of `bytes` at the end of an open file. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

/** Gives a whole temporary file its object's name. Two processes may do so at once: both bring the same bytes. */
export function publishTemporary(directory: string, temporary: string, digest: Digest): void {
  const path = objectPath(directory, digest)
  try {
    renameSync(temporary, path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    chmodSync(dirname(path), 0o755)
    renameSync(temporary, path)
  }
}

/** Stores bytes under their digest. @throws DISK_FULL */
export function writeObject(directory: string, digest: Digest, bytes: Uint8Array): void {
  const path = objectPath(directory, digest)
  let temporary: string | undefined
  try {
    const opened = openTemporary(directory)
    temporary = opened.path
    try {
      writeAll(opened.file, bytes)
    } finally {
      closeSync(opened.file)
    }
    publishTemporary(directory, temporary, digest)
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true })
    throw asDiskFull(error, path)
  }
}

/** Removes what dead processes left half-written. */
export function sweepTemporaries(directory: string): void {
  const old = Date.now() - TEMPORARY_AGE_MS
  for (const name of readdirSync(`${directory}/objects`)) {
    if (!name.startsWith(TEMPORARY)) continue
    const path = `${directory}/objects/${name}`
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? old) < old) rmSync(path, { force: true })
  }
}
