import type { Compression } from '../types.ts'

/** Bytes that {@link compressionOf} looks at. */
export const MAGIC_BYTES = 6

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gz', [0x1f, 0x8b]],
  ['zst', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bz2', [0x42, 0x5a, 0x68]],
]

/** How a package or database is compressed, told as libarchive tells it: from its first bytes, whatever its name ends in. */
export function compressionOf(head: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))
  return found?.[0] ?? 'none'
}
