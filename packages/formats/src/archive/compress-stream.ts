import { Readable } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import { fail } from '../errors.ts'
import { READ_CHUNK_BYTES } from '../limits.ts'
import type { CompressOptions } from './compress.ts'
import { xzStream } from './xz.ts'

export interface StreamOptions extends CompressOptions {
  /** Bytes that go in, where that is known: zstd fits its tables to them, which for little is much faster, and says so to the decoder. */
  readonly size?: number
}

/**
 * The compressed bytes of what `source` gives, in chunks, as fast as they are taken. The same chunks in give the same bytes out, with the same
 * Node and library.
 * @throws PACKAGE_UNWRITABLE for a compression that is only read, COMPRESSION_UNAVAILABLE, and what `source` throws
 */
export async function* compressed(
  source: AsyncIterable<Uint8Array>,
  { compression, level, size }: StreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  switch (compression) {
    case 'none':
      return yield* source
    case 'gz':
      return yield* through(source, createGzip({ level, chunkSize: READ_CHUNK_BYTES }))
    case 'zst': {
      const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
      const pledged = size === undefined ? {} : { pledgedSrcSize: size }
      return yield* through(source, createZstdCompress({ params, chunkSize: READ_CHUNK_BYTES, ...pledged }))
    }
    case 'xz':
      return yield* xzStream(source, level)
    case 'bz2':
    case 'lzma':
      throw fail('PACKAGE_UNWRITABLE', { what: `${compression} is read, not written: take gz, xz or zst` })
  }
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  encoder: ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = Readable.from(source, { objectMode: false })
  input.on('error', (error) => encoder.destroy(error))
  input.pipe(encoder)
  try {
    for await (const chunk of encoder) yield chunk
  } finally {
    input.destroy()
    encoder.destroy()
  }
}
