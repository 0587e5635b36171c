import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { asDiskFull } from '@holotype/base'

/** Writes a new file as its bytes come, durably. @throws DISK_FULL, and what `chunks` throws */
export async function writeStream(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    const file = openSync(path, 'wx', 0o644)
    try {
      for await (const chunk of chunks)
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at, chunk.length - at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw asDiskFull(error, path)
  }
}
