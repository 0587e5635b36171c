import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { HolotypeError } from '@holotype/base'
import { fail } from '../errors.ts'
import { READ_CHUNK_BYTES } from '../limits.ts'
import { unxz } from './xz.ts'

export type Compression = 'none' | 'gz' | 'xz' | 'zst'

export interface DecompressOptions {
  readonly compression: Compression
  /** Bytes that may come out. */
  readonly limit: number
  /** What is decompressed, for errors. */
  readonly what: string
}

/**
 * The decompressed bytes of a stream, in chunks, as fast as they are taken and no faster. A failure of the source passes through as it is.
 * @throws PACKAGE_MALFORMED if the compressed bytes are damaged or cut short, PACKAGE_TOO_LARGE past the limit
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  { compression, limit, what }: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  try {
    for await (const chunk of decoded(source, compression)) {
      bytes += chunk.length
      if (bytes > limit) throw fail('PACKAGE_TOO_LARGE', { what: `${what} unpacks to more than ${limit} bytes` })
      yield chunk
    }
  } catch (error) {
    // Only a decoder throws anything else here: what the consumer throws does not come back into a generator.
    if (error instanceof HolotypeError) throw error
    throw fail('PACKAGE_MALFORMED', { what: `${what} is no sound ${compression} stream`, cause: error })
  }
}

function decoded(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source
    case 'xz':
      return unxz(source)
    case 'gz':
      return throughZlib(source, createGunzip({ chunkSize: READ_CHUNK_BYTES }))
    case 'zst':
      return throughZlib(source, createZstdDecompress({ chunkSize: READ_CHUNK_BYTES }))
  }
}

async function* throughZlib(
  source: AsyncIterable<Uint8Array>,
  decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
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
