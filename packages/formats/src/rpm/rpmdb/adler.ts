/** The largest prime below 2^16 (RFC 1950 §8.2). */
const BASE = 65_521
/** Bytes after which the sums are brought below BASE: no sum reaches 2^53 before, and few divisions are made. */
const STRIDE = 5552

/** The Adler-32 checksum of bytes (RFC 1950 §8.2). */
export function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let from = 0; from < bytes.length; from += STRIDE) {
    const to = Math.min(from + STRIDE, bytes.length)
    for (let at = from; at < to; at++) {
      a += bytes[at] ?? 0
      b += a
    }
    a %= BASE
    b %= BASE
  }
  return b * 65_536 + a
}
