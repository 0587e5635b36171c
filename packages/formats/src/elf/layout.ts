import { ELF_TABLE_ENTRIES } from '../limits.ts'

/** A file that is read here and there. */
export interface ElfSource {
  readonly size: number
  /** The bytes of a range, fewer where the file ends. */
  read(offset: number, length: number): Buffer
}

/** A program header. */
export interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
}

export interface ElfLayout {
  readonly segments: readonly Segment[]
  /** An unsigned number of the file's class (4 or 8 bytes) and byte order. Past 2^53 it is not exact: no offset is so large. */
  word(bytes: Buffer, at: number): number
  readonly wordBytes: 4 | 8
  /** True where the sections say that nothing dynamic is in the file: separate debug information keeps program headers without their bytes. */
  readonly stripped: boolean
}

const HEADER_BYTES = 64
const SHT_DYNAMIC = 6

/** Reads the ELF header and the tables it names (System V gABI, chapter 4 "ELF Header", chapter 5 "Program Header"). Undefined if it is none. */
export function elfLayout(source: ElfSource): ElfLayout | undefined {
  const head = source.read(0, HEADER_BYTES)
  if (head.length < 52 || head.readUInt32BE(0) !== 0x7f454c46) return undefined
  const [elfClass, data] = head.subarray(4, 6)
  if ((elfClass !== 1 && elfClass !== 2) || (data !== 1 && data !== 2)) return undefined
  const wide = elfClass === 2
  if (wide && head.length < HEADER_BYTES) return undefined
  const half = (bytes: Buffer, at: number) => (data === 1 ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const long = (bytes: Buffer, at: number) => (data === 1 ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const quad = (bytes: Buffer, at: number) =>
    data === 1 ? long(bytes, at) + long(bytes, at + 4) * 2 ** 32 : long(bytes, at) * 2 ** 32 + long(bytes, at + 4)
  const word = wide ? quad : long
  const table = (begin: number, size: number, count: number): Buffer[] => {
    const sound = size > 0 && count <= ELF_TABLE_ENTRIES && begin + size * count <= source.size
    if (!sound || count === 0) return []
    const bytes = source.read(begin, size * count)
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
  }
  const programs = table(word(head, wide ? 32 : 28), half(head, wide ? 54 : 42), half(head, wide ? 56 : 44))
  const sections = table(word(head, wide ? 40 : 32), half(head, wide ? 58 : 46), half(head, wide ? 60 : 48))
  const segments = programs
    .filter((entry) => entry.length >= (wide ? 56 : 32))
    .map((entry) => ({
      type: long(entry, 0),
      offset: word(entry, wide ? 8 : 4),
      address: word(entry, wide ? 16 : 8),
      fileSize: word(entry, wide ? 32 : 16),
    }))
  return {
    segments: segments.filter(({ offset, fileSize }) => offset + fileSize <= source.size),
    word,
    wordBytes: wide ? 8 : 4,
    stripped: sections.length > 0 && !sections.some((entry) => entry.length >= 8 && long(entry, 4) === SHT_DYNAMIC),
  }
}
