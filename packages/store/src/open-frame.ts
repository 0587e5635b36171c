import { zstdDecompressSync } from 'node:zlib'
import { type Digest, digestOf } from '@holotype/base'
import { fail } from './errors.ts'
import { FRAME_BYTES } from './limits.ts'
import type { PackFrame } from './types.ts'

/**
 * Decompresses one frame (the bytes of `[offset, offset + length)` of its pack) and gives its objects, each verified. Never decompresses
 * more than the frame's stated size. The objects share one buffer: copy what is kept longer than the rest.
 * @throws PACK_CORRUPT
 */
export function openFrame(
  frame: PackFrame,
  compressed: Uint8Array,
): readonly { readonly digest: Digest; readonly bytes: Buffer }[] {
  if (compressed.length !== frame.length) throw corrupt(frame, `has ${compressed.length} bytes of ${frame.length}`)
  if (frame.size > FRAME_BYTES) throw corrupt(frame, `states ${frame.size} bytes`)
  const bytes = decompress(frame, compressed)
  if (bytes.length !== frame.size) throw corrupt(frame, `decompresses to ${bytes.length} bytes, not ${frame.size}`)
  let at = 0
  const objects = frame.objects.map(({ digest, size }) => {
    const object = bytes.subarray(at, at + size)
    at += size
    if (object.length !== size || digestOf(object) !== digest) throw corrupt(frame, `does not hold ${digest}`)
    return { digest, bytes: object }
  })
  if (at !== bytes.length) throw corrupt(frame, `holds ${bytes.length - at} bytes of no object`)
  return objects
}

function decompress(frame: PackFrame, compressed: Uint8Array): Buffer {
  try {
    // zlib wants a bound of at least 1; the length is compared afterwards.
    return zstdDecompressSync(compressed, { maxOutputLength: Math.max(1, frame.size) })
  } catch (cause) {
    throw fail('PACK_CORRUPT', { what: `the pack frame at ${frame.offset} does not decompress`, cause })
  }
}

function corrupt(frame: PackFrame, why: string): Error {
  return fail('PACK_CORRUPT', { what: `the pack frame at ${frame.offset} ${why}` })
}
