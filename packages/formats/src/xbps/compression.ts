import type { Compression } from '../types.ts'

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['zst', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['gz', [0x1f, 0x8b]],
  ['bz2', [0x42, 0x5a, 0x68]],
]

/** The compression of a package or repodata, told from its first bytes. xbps takes lz4 too, which nothing here reads. */
export function compressionOf(bytes: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0] ?? 'none'
}
