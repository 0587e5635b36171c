import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { asDiskFull, syncDirectory, temporaryName } from '@holotype/base'

/**
 * Has a file written, by its descriptor, so that its name leads to all of it or to what was there before.
 * @throws DISK_FULL, and what `write` throws
 */
export async function writeWhole(path: string, write: (file: number) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const file = openSync(temporary, 'wx+', 0o644)
    try {
      await write(file)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asDiskFull(error, path)
  }
}

/** Writes bytes at an offset of a file. @returns the offset behind them */
export function writeAll(file: number, bytes: Uint8Array, at: number): number {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
  return at + bytes.length
}

/**
 * The same, of bytes as they come.
 * @throws DISK_FULL, and what `chunks` throws
 */
export async function writeStreamAtomic(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await writeWhole(path, async (file) => {
    let at = 0
    for await (const chunk of chunks) at = writeAll(file, chunk, at)
  })
}
