import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { threadId } from 'node:worker_threads'
import { fail } from './codes.ts'
import { errnoOf } from './errors.ts'

let lastTemporary = 0

/** A name beside `path` that no other process, thread or call of ours uses. */
export function temporaryName(path: string): string {
  return `${path}.tmp-${process.pid}-${threadId}-${++lastTemporary}`
}

/**
 * Writes a whole file so that its name leads to the old bytes or to all of the new ones, also after a power cut:
 * write beside, fsync, rename, fsync of the directory.
 * @throws DISK_FULL
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string, mode = 0o644): void {
  const temporary = temporaryName(path)
  try {
    const file = openSync(temporary, 'wx', mode)
    try {
      const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      for (let at = 0; at < data.length; ) at += writeSync(file, data, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    removePath(temporary)
    throw asDiskFull(error, path)
  }
}

/**
 * Removes what is at a path, of a directory all; nothing where nothing is. By unlink(2) where that does: of why rmSync fails, Node has few names and
 * Bun some wrong ones.
 */
export function removePath(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return rmSync(path, { recursive: true, force: true })
  try {
    if (stat) unlinkSync(path)
  } catch (error) {
    // Somebody else was quicker.
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** DISK_FULL for ENOSPC and EDQUOT; any other error as it is. */
export function asDiskFull(error: unknown, path: string): unknown {
  const errno = errnoOf(error)
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return error
  return fail('DISK_FULL', { what: `no room left to write ${path}`, cause: error })
}
