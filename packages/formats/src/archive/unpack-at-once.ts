import { createRequire } from 'node:module'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { fail } from '../errors.ts'
import type { Compression } from '../types.ts'
import { xzUnpackedBytes } from './xz-size.ts'

export interface UnpackAtOnceOptions {
  readonly compression: Compression
  /** Bytes that may come out. */
  readonly limit: number
}

/**
 * The decompressed bytes of what is held in memory, without waiting: for workers and command-line programs that look into a file among many.
 * xz is read where each LZMA2 chunk says what it gives, as all that is published does.
 * @throws PACKAGE_MALFORMED if the bytes are damaged, of a compression that is not read so, or more than `limit`
 */
export function unpackAtOnce(bytes: Buffer, { compression, limit }: UnpackAtOnceOptions): Buffer {
  try {
    if (compression === 'gz') return gunzipSync(bytes, { maxOutputLength: limit })
    if (compression === 'zst') return zstdDecompressSync(bytes, { maxOutputLength: limit })
    if (compression === 'xz') return unxzAtOnce(bytes, limit)
  } catch (error) {
    throw fail('PACKAGE_MALFORMED', { what: `no sound ${compression} stream of at most ${limit} bytes`, cause: error })
  }
  throw fail('PACKAGE_MALFORMED', { what: `${compression} is not unpacked at once` })
}

function unxzAtOnce(bytes: Buffer, limit: number): Buffer {
  const size = xzUnpackedBytes(bytes)
  if (size === undefined || size > limit) throw new RangeError('its size is not told, or over the limit')
  // Loaded when the first xz comes: most diffs hold none.
  const library: unknown = createRequire(import.meta.url)('@napi-rs/lzma/xz')
  if (!hasDecompress(library)) throw new TypeError('the xz library is not here')
  const unpacked = library.decompressSync(bytes)
  if (!Buffer.isBuffer(unpacked) || unpacked.length !== size) throw new RangeError('it gives another size')
  return unpacked
}

function hasDecompress(value: unknown): value is { decompressSync(bytes: Buffer): unknown } {
  return typeof value === 'object' && value !== null && 'decompressSync' in value
}
