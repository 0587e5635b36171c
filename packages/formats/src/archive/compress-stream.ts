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
 * Node and library. A chunk is used up before the next is asked for, and so should those be that come out: of `none` they are the same.
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
      return yield* xzStream(copied(source), level)
    case 'bz2':
    case 'lzma':
      throw fail('PACKAGE_UNWRITABLE', { what: `${compression} is read, not written: take gz, xz or zst` })
  }
}

/** For the library, which reads ahead. */
async function* copied(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) yield Buffer.from(chunk)
}

type Encoder = ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress>

async function* through(
  source: AsyncIterable<Uint8Array>,
  encoder: Encoder,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding = feed(source, encoder)
  // Awaited below; until then a failure must not count as unhandled.
  feeding.catch(() => {})
  try {
    for await (const chunk of encoder) yield chunk
    await feeding
  } finally {
    encoder.destroy()
    await feeding.catch(() => {})
  }
}

/** One chunk after the other, each used up before the next is asked for: by a pipe, several would be under way, and none could be one buffer. */
async function feed(source: AsyncIterable<Uint8Array>, encoder: Encoder): Promise<void> {
  try {
    for await (const chunk of source)
      await new Promise<void>((resolve, reject) => {
        encoder.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
    encoder.end()
  } catch (error) {
    encoder.destroy(error instanceof Error ? error : new Error('the source of a stream failed', { cause: error }))
    throw error
  }
}
