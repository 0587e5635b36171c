import { constants, zstdCompressSync } from 'node:zlib'
import { DIFFERENCE_LEVEL } from '../limits.ts'
import type { DeltaFrame } from '../types.ts'
import { zstdOptions } from './delta-index.ts'
import { encodeDifference } from './difference.ts'

/** A frame's bytes, and how they came to be. */
export interface Coded extends Pick<DeltaFrame, 'coding'> {
  readonly compressed: Uint8Array
  /** The old bytes did not help: the frame is read without them. */
  readonly alone: boolean
}

/** Codes new bytes in each way there is, and gives the shortest; by themselves only where old ones do not make them half as long. */
export function codeFrame(raw: Buffer, bases: Buffer): Coded {
  const coded: Coded[] = []
  if (bases.length > 0) {
    const difference = encodeDifference(bases, raw)
    // A node reads none that is longer than the result.
    if (difference.length <= raw.length)
      coded.push({ compressed: compressDifference(difference), coding: 'difference', alone: false })
    const compressed = zstdCompressSync(raw, zstdOptions(raw, bases))
    coded.push({ compressed, coding: 'dictionary', alone: false })
  }
  if (coded.every(({ compressed }) => compressed.length * 2 >= raw.length))
    coded.unshift({ compressed: zstdCompressSync(raw, zstdOptions(raw, undefined)), coding: 'dictionary', alone: true })
  // The first of the shortest: what needs no old bytes, if it is among them.
  return coded.reduce((best, one) => (one.compressed.length < best.compressed.length ? one : best))
}

function compressDifference(difference: Buffer): Buffer {
  const params = { [constants.ZSTD_c_compressionLevel]: DIFFERENCE_LEVEL }
  return zstdCompressSync(difference, { pledgedSrcSize: difference.length, params })
}
