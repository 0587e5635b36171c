const MAGIC = 0xfd2fb528
/** Bytes of the dictionary's id, and of the content's size, by their flags (RFC 8878 §3.1.1.1). */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const CONTENT_BYTES = [0, 2, 4, 8] as const

/** Whether the bytes are exactly one zstd frame (RFC 8878 §3.1.1), told by the sizes of its blocks alone. */
export function isOneZstdFrame(bytes: Buffer): boolean {
  if (bytes.length < 9 || bytes.readUInt32LE(0) !== MAGIC) return false
  const descriptor = bytes.readUInt8(4)
  const single = (descriptor & 0x20) !== 0
  const content = descriptor >> 6 === 0 && single ? 1 : (CONTENT_BYTES[descriptor >> 6] ?? 0)
  let at = 5 + (single ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + content
  for (;;) {
    if (at + 3 > bytes.length) return false
    const header = bytes.readUIntLE(at, 3)
    // A block of one repeated byte holds that byte alone.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3)
    if (header & 1) return at + (descriptor & 4 ? 4 : 0) === bytes.length
  }
}
