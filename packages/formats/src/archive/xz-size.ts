import { XZ_DICTIONARY_BYTES } from '../limits.ts'

/** Bytes of an integrity check by its type (xz file format 1.2.1, §2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const
const HEADER_BYTES = 12
const FOOTER_BYTES = 12
const LZMA2_FILTER = 0x21
/** The magic, and a first flags byte of zero. */
const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00])

/**
 * Bytes that an xz file unpacks to, counted without unpacking it: each LZMA2 chunk says how many it gives, and a decoder gives no more. So a small
 * file can be unpacked in one piece, however it lies in its index. Undefined where the bytes are not exactly one stream of blocks with LZMA2 as their
 * only filter and a dictionary within XZ_DICTIONARY_BYTES: those go the long way, which says what is wrong with them, if anything is.
 */
export function xzUnpackedBytes(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES + FOOTER_BYTES || bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0)
    return undefined
  const check = CHECK_BYTES[bytes.readUInt8(7)]
  if (check === undefined) return undefined
  const end = bytes.length - FOOTER_BYTES
  let unpacked = 0
  for (let at = HEADER_BYTES; at < end; ) {
    if (bytes.readUInt8(at) === 0) return bytes.readUInt32LE(end + 4) * 4 + 4 === end - at ? unpacked : undefined
    const chunks = chunksAt(bytes, at)
    const block = chunks === undefined ? undefined : countChunks(bytes, chunks, end)
    if (!block) return undefined
    unpacked += block.unpacked
    // A block's header is of whole fours, so its padding can be told from the place in the file.
    at = Math.ceil(block.next / 4) * 4 + check
  }
  return undefined
}

/** Where the LZMA2 chunks of the block at `at` begin (§3.1). */
function chunksAt(bytes: Buffer, at: number): number | undefined {
  const next = at + (bytes.readUInt8(at) + 1) * 4
  const flags = bytes.readUInt8(at + 1)
  // One filter, no reserved bits.
  if (next > bytes.length || (flags & 0x3f) !== 0) return undefined
  let field = at + 2
  for (const present of [flags & 0x40, flags & 0x80]) {
    if (!present) continue
    while (field < next && bytes.readUInt8(field) & 0x80) field++
    field++
  }
  if (field + 3 > next || bytes.readUInt8(field) !== LZMA2_FILTER || bytes.readUInt8(field + 1) !== 1) return undefined
  const bits = bytes.readUInt8(field + 2)
  const dictionary = bits >= 40 ? 2 ** 32 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11)
  return dictionary > XZ_DICTIONARY_BYTES ? undefined : next
}

/** Adds up LZMA2 chunks to the one that ends them. */
function countChunks(bytes: Buffer, from: number, end: number): { unpacked: number; next: number } | undefined {
  let unpacked = 0
  for (let at = from; at < end; ) {
    const control = bytes.readUInt8(at)
    if (control === 0) return { unpacked, next: at + 1 }
    if (at + 6 > end) return undefined
    const size = bytes.readUInt16BE(at + 1) + 1
    if (control >= 0x80) {
      unpacked += ((control & 0x1f) << 16) + size
      at += (control >= 0xc0 ? 6 : 5) + bytes.readUInt16BE(at + 3) + 1
    } else if (control <= 2) {
      unpacked += size
      at += 3 + size
    } else return undefined
  }
  return undefined
}
