import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { fail } from '../errors.ts'
import type { Compression } from '../types.ts'
import { xz } from './xz.ts'

const gzipped = promisify(gzip)
const zstded = promisify(zstdCompress)

export interface CompressOptions {
  readonly compression: Compression
  /** gz 1 to 9, xz 0 to 9, zst 1 to 22; no meaning for `none`. */
  readonly level: number
}

/**
 * One whole member (gz), stream (xz) or frame (zst) of these bytes. Same bytes and level, same output with the same Node and library; no
 * time or name is in it. Several may be concatenated: decoders of each kind read on.
 * @throws PACKAGE_UNWRITABLE for a compression that is only read, COMPRESSION_UNAVAILABLE
 */
export async function compress(bytes: Uint8Array, { compression, level }: CompressOptions): Promise<Buffer> {
  switch (compression) {
    case 'none':
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    case 'gz':
      return gzipped(bytes, { level })
    case 'xz':
      return xz(bytes, level)
    case 'zst':
      return zstded(bytes, {
        // Without it Node's encoder makes its tables for a file of any size: 170 ms for nothing.
        pledgedSrcSize: bytes.length,
        params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
      })
    case 'bz2':
    case 'lzma':
      throw fail('PACKAGE_UNWRITABLE', { what: `${compression} is read, not written: take gz, xz or zst` })
  }
}
