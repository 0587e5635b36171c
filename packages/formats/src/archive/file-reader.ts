import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Digest, digester, failBase } from '@holotype/base'
import { fail } from '../errors.ts'
import { READ_CHUNK_BYTES } from '../limits.ts'

const readLater = promisify(read)

/** A file read once from front to back, hashed on the way. */
export interface FileReader extends AsyncDisposable {
  /** Bytes not read yet. */
  readonly remaining: number
  /** Exactly `length` bytes. @throws PACKAGE_TRUNCATED */
  take(length: number): Promise<Buffer>
  /** The next `length` bytes in chunks; what the consumer leaves is skipped by the next read. @throws PACKAGE_TRUNCATED */
  stream(length: number): AsyncGenerator<Buffer, void, undefined>
  /** Reads what is left, then gives size and digest of the whole file. */
  finish(): Promise<{ readonly size: number; readonly digest: Digest }>
}

/** @throws FILE_UNREADABLE */
export async function openReader(path: string): Promise<FileReader> {
  const { file, size } = openFile(path)
  const hash = digester()
  let offset = 0
  /** What is read already and not handed out: small members come out of one read. */
  let ahead: Buffer = Buffer.alloc(0)
  /** Where the stream that was handed out last ends. */
  let boundary = 0

  /** Reads wait for each other: a decoder that was left early may still be reading while the rest is skipped. */
  let last: Promise<unknown> = Promise.resolve()

  /** The next chunk before `end`; empty if another reader has got there first. */
  function readBefore(end: number): Promise<Buffer> {
    const reading = last.then(() => readNow(end))
    last = reading.catch(() => {})
    return reading
  }
  async function readNow(end: number): Promise<Buffer> {
    const wanted = end - offset
    if (wanted <= 0) return Buffer.alloc(0)
    if (ahead.length === 0) ahead = await readAhead()
    const chunk = ahead.subarray(0, wanted)
    ahead = ahead.subarray(chunk.length)
    hash.update(chunk)
    offset += chunk.length
    return chunk
  }
  async function readAhead(): Promise<Buffer> {
    // A fresh buffer each time: consumers keep chunks while the next one is read.
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size - offset, READ_CHUNK_BYTES)))
    let bytesRead: number
    try {
      // A small file is read at once: a turn of the thread pool takes longer.
      bytesRead =
        size <= READ_CHUNK_BYTES
          ? readSync(file, buffer, 0, buffer.length, offset)
          : (await readLater(file, buffer, 0, buffer.length, offset)).bytesRead
    } catch (cause) {
      throw failBase('FILE_UNREADABLE', { what: `cannot read ${path} at byte ${offset}`, cause })
    }
    if (bytesRead === 0) throw fail('PACKAGE_TRUNCATED', { what: `${path} ends after ${offset} bytes` })
    return buffer.subarray(0, bytesRead)
  }
  async function skipTo(end: number): Promise<void> {
    while (offset < end) await readBefore(end)
  }
  async function* stream(length: number): AsyncGenerator<Buffer, void, undefined> {
    await skipTo(boundary)
    const end = offset + length
    boundary = end
    while (offset < end) {
      const chunk = await readBefore(end)
      if (chunk.length > 0) yield chunk
    }
  }
  return {
    get remaining() {
      return size - Math.max(offset, boundary)
    },
    stream,
    async take(length) {
      const chunks: Buffer[] = []
      for await (const chunk of stream(length)) chunks.push(chunk)
      return chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)
    },
    async finish() {
      await skipTo(boundary)
      await skipTo(size)
      return { size, digest: hash.digest() }
    },
    async [Symbol.asyncDispose]() {
      // A read that nobody waits for must not meet another file under the same number.
      await last
      closeSync(file)
    },
  }
}

function openFile(path: string): { readonly file: number; readonly size: number } {
  let file: number | undefined
  try {
    // Opening a named pipe must not wait for its writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Error('it is no regular file')
    return { file, size: stat.size }
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw failBase('FILE_UNREADABLE', { what: `cannot read the package ${path}`, cause: error })
  }
}
