import { zstdDecompressSync } from 'node:zlib'
import { fail } from '../errors.ts'
import type { DeltaFrame } from '../types.ts'
import { applyDifference } from './difference.ts'

/** Bytes of room after what is decompressed, so that zlib sees the end in one call. */
const DECOMPRESS_MARGIN = 64

/**
 * Decompresses one frame of a delta with the bytes of its bases, back to back, and gives those of its pieces, in order. Not verified: a piece is
 * right when the object it belongs to has its digest. Never decompresses more than the pieces' length. They share one buffer. `free` is handed what is
 * needed no more.
 * @throws DELTA_CORRUPT
 */
export function openDeltaFrame(
  frame: DeltaFrame,
  compressed: Uint8Array,
  bases: Buffer,
  free: (bytes: Buffer) => void = () => {},
): Buffer[] {
  const size = frame.pieces.reduce((sum, { length }) => sum + length, 0)
  const applied = (old: Buffer, difference: Buffer, length: number) => {
    const result = applyDifference(old, difference, length)
    free(difference)
    return result
  }
  // A difference is no longer than what it leads to.
  const options = { chunkSize: size + DECOMPRESS_MARGIN }
  const bytes =
    frame.coding === 'difference'
      ? applied(bases, decompress(compressed, options), size)
      : decompress(compressed, bases.length > 0 ? { ...options, dictionary: bases } : options)
  if (bytes.length !== size)
    throw fail('DELTA_CORRUPT', { what: `a delta frame decompresses to ${bytes.length} bytes, not ${size}` })
  let at = 0
  return frame.pieces.map(({ length }) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}

function decompress(
  compressed: Uint8Array,
  options: { readonly dictionary?: Buffer; readonly chunkSize: number },
): Buffer {
  try {
    // One chunk that holds all, with a little left so that zlib sees the end: the default chunks would be joined by a copy.
    return zstdDecompressSync(compressed, { ...options, maxOutputLength: options.chunkSize })
  } catch (cause) {
    throw fail('DELTA_CORRUPT', { what: 'a delta frame does not decompress against the old files', cause })
  }
}
