import { promisify } from 'node:util'
import { gunzip, gunzipSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { PACKED_AT_HAND_BYTES, PACKED_WHOLE_BYTES, UNPACKED_WHOLE_BYTES } from '../limits.ts'
import type { Compression } from '../types.ts'
import { loadXz } from './xz.ts'
import { xzUnpackedBytes } from './xz-size.ts'
import { isOneZstdFrame } from './zstd-frame.ts'

const unzip = promisify(gunzip)
const unzstd = promisify(zstdDecompress)

/**
 * The bytes unpacked in one piece: a stream's set-up costs more than most packages' members. What is tiny is unpacked at once, what is small on a thread of
 * libuv's pool, so that several packages are unpacked on several cores. Undefined where that would take more memory than UNPACKED_WHOLE_BYTES, or where
 * anything is odd: then the stream decoder does it again, and says what is wrong.
 */
export async function unpackWhole(bytes: Buffer, compression: Compression): Promise<Buffer | undefined> {
  if (bytes.length > PACKED_WHOLE_BYTES) return undefined
  const tiny = bytes.length <= PACKED_AT_HAND_BYTES
  const options = { maxOutputLength: UNPACKED_WHOLE_BYTES, chunkSize: chunkBytes(bytes.length) }
  try {
    switch (compression) {
      case 'gz':
        return tiny ? gunzipSync(bytes, options) : await unzip(bytes, options)
      case 'zst':
        if (!isOneZstdFrame(bytes)) return undefined
        return tiny ? zstdDecompressSync(bytes, options) : await unzstd(bytes, options)
      case 'xz': {
        const size = xzUnpackedBytes(bytes)
        const library = size !== undefined && size <= UNPACKED_WHOLE_BYTES ? await loadXz() : undefined
        if (!library) return undefined
        const unpacked = tiny ? library.decompressSync(bytes) : await library.decompress(bytes)
        return unpacked.length === size ? unpacked : undefined
      }
      case 'none':
      case 'bz2':
      case 'lzma':
        return undefined
    }
  } catch {
    return undefined
  }
}

/** Most of what is packed unpacks to less than eight times as much. */
function chunkBytes(packed: number): number {
  return Math.min(Math.max(packed * 8, 4096), UNPACKED_WHOLE_BYTES)
}
