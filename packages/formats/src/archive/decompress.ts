import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { HolotypeError } from '@holotype/base'
import { fail } from '../errors.ts'
import { PACKED_WHOLE_BYTES, READ_CHUNK_BYTES } from '../limits.ts'
import type { Compression } from '../types.ts'
import { bunzip2 } from './bzip2.ts'
import { unpackWhole } from './decompress-whole.ts'
import { unlzma } from './lzma.ts'
import { unxz } from './xz.ts'
import { unzstd } from './zstd.ts'

export interface DecompressOptions {
  readonly compression: Compression
  /** Bytes that may come out. */
  readonly limit: number
  /** What that limit is called, for errors. */
  readonly limitName?: string
  /** What is decompressed, for errors. */
  readonly what: string
  /** Bytes of the compressed input where that is known: what is small gets small buffers. */
  readonly packed?: number
}

/**
 * The decompressed bytes of a stream, in chunks, as fast as they are taken and no faster. A failure of the source passes through as it is.
 * @throws PACKAGE_MALFORMED if the compressed bytes are damaged or cut short, PACKAGE_TOO_LARGE past the limit
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  { compression, limit, limitName, what, packed }: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  try {
    let input = source
    if (packed !== undefined && packed <= PACKED_WHOLE_BYTES) {
      const whole = await gather(source)
      const unpacked = await unpackWhole(whole, compression)
      if (unpacked && unpacked.length <= limit) {
        yield unpacked
        return
      }
      input = oneChunk(whole)
    }
    for await (const chunk of decoded(input, compression, bufferBytes(packed))) {
      bytes += chunk.length
      if (bytes > limit)
        throw fail('PACKAGE_TOO_LARGE', {
          what: `${what} unpacks to more than ${limitName === undefined ? '' : `${limitName}, `}${limit} bytes`,
        })
      yield chunk
    }
  } catch (error) {
    // Only a decoder throws anything else here: what the consumer throws does not come back into a generator.
    if (error instanceof HolotypeError) throw error
    throw fail('PACKAGE_MALFORMED', { what: `${what} is no sound ${compression} stream`, cause: error })
  }
}

/**
 * The same for bytes held in memory.
 * @throws PACKAGE_MALFORMED, PACKAGE_TOO_LARGE
 */
export async function unpack(bytes: Uint8Array, options: DecompressOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(oneChunk(bytes), options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  const [first] = chunks
  return chunks.length === 1 && first
    ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
    : Buffer.concat(chunks)
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

/** Most of what is packed unpacks to less than eight times as much. */
function bufferBytes(packed = READ_CHUNK_BYTES): number {
  return Math.min(Math.max(packed * 8, 4096), READ_CHUNK_BYTES)
}

function decoded(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  chunkSize: number,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source
    case 'xz':
      return unxz(source)
    case 'gz':
      return throughZlib(source, createGunzip({ chunkSize }))
    case 'zst':
      return unzstd(source, chunkSize)
    case 'bz2':
      return bunzip2(source)
    case 'lzma':
      return unlzma(source)
  }
}

async function* throughZlib(
  source: AsyncIterable<Uint8Array>,
  decoder: ReturnType<typeof createGunzip>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = Readable.from(source, { objectMode: false })
  input.on('error', (error) => decoder.destroy(error))
  input.pipe(decoder)
  try {
    for await (const chunk of decoder) yield chunk
  } finally {
    input.destroy()
    decoder.destroy()
  }
}
