import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { asDiskFull, temporaryName } from '@holotype/base'
import { READ_CHUNK_BYTES } from '../limits.ts'

/** Contents put down one after the other in a file without a name, to be read again: it goes with its process. */
export interface Spool extends Disposable {
  /** Puts one content down, and gives what opens it again, at its start, to be read into one buffer. @throws DISK_FULL, and what `content` throws */
  add(content: AsyncIterable<Uint8Array>): Promise<() => AsyncIterable<Uint8Array>>
}

/** @param path beside which it lies: the file system that has room for the result. @throws DISK_FULL */
export function openSpool(path: string): Spool {
  const name = temporaryName(path)
  let file: number
  try {
    file = openSync(name, 'wx+', 0o600)
    unlinkSync(name)
  } catch (error) {
    throw asDiskFull(error, path)
  }
  let end = 0
  return {
    async add(content) {
      const begin = end
      for await (const chunk of content)
        try {
          for (let done = 0; done < chunk.length; )
            done += writeSync(file, chunk, done, chunk.length - done, end + done)
          end += chunk.length
        } catch (error) {
          throw asDiskFull(error, path)
        }
      const size = end - begin
      return () => readFrom(file, begin, size)
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

async function* readFrom(file: number, begin: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(size, READ_CHUNK_BYTES))
  for (let at = 0; at < size; ) {
    const read = readSync(file, buffer, 0, Math.min(buffer.length, size - at), begin + at)
    if (read === 0) return
    yield buffer.subarray(0, read)
    at += read
  }
}
