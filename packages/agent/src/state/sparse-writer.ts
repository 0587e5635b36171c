import { ftruncateSync, writeSync } from 'node:fs'
import { HOLE_BYTES } from '../limits.ts'
import { pass } from '../throttle/this-process.ts'

const ZEROS = Buffer.alloc(HOLE_BYTES)

/** Writes a file from its start and leaves a hole for each aligned block of zeros: it reads the same and takes no room. */
export function sparseWriter(file: number): { write(bytes: Buffer): void; end(): void } {
  let at = 0
  let written = 0
  const put = (piece: Buffer) => {
    for (let from = 0; from < piece.length; ) {
      const count = writeSync(file, piece, from, piece.length - from, at)
      from += count
      at += count
      written = at
      pass('written', count)
    }
  }
  return {
    write(bytes) {
      let from = 0
      // A block that two pieces share is written.
      for (
        let block = (HOLE_BYTES - (at % HOLE_BYTES)) % HOLE_BYTES;
        block + HOLE_BYTES <= bytes.length;
        block += HOLE_BYTES
      ) {
        if (!isZero(bytes, block)) continue
        put(bytes.subarray(from, block))
        from = block + HOLE_BYTES
        at += HOLE_BYTES
      }
      put(bytes.subarray(from))
    },
    end() {
      if (written < at) ftruncateSync(file, at)
    },
  }
}

/** The first byte decides nearly always. */
function isZero(bytes: Buffer, block: number): boolean {
  return bytes[block] === 0 && ZEROS.compare(bytes, block, block + HOLE_BYTES) === 0
}
