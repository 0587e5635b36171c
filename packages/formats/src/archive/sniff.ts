import type { Compression } from '../types.ts'

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gz', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zst', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bz2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
]

/** The compression that a file's first bytes tell of; `none` for all else. Six bytes decide. */
export function compressionOf(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ?? 'none'
}
