import { ELF_TABLE_ENTRIES } from '../limits.ts'

/** A file that is read here and there. */
export interface ElfSource {
  readonly size: number
  /** The bytes of a range, fewer where the file ends. They stay until the next range is asked for; those of the file's first 64 bytes stay longer. */
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
  // No buffer for each entry: thousands of files are looked into for one image.
  const table = (begin: number, size: number, count: number): Table => {
    const sound = size > 0 && count <= ELF_TABLE_ENTRIES && begin + size * count <= source.size
    if (!sound || count === 0) return { bytes: head, size, count: 0 }
    const bytes = source.read(begin, size * count)
    return { bytes, size, count: Math.floor(bytes.length / size) }
  }
  const programs = table(word(head, wide ? 32 : 28), half(head, wide ? 54 : 42), half(head, wide ? 56 : 44))
  const segments: Segment[] = []
  for (let index = 0; programs.size >= (wide ? 56 : 32) && index < programs.count; index++) {
    const at = index * programs.size
    const [offset, fileSize] = [word(programs.bytes, at + (wide ? 8 : 4)), word(programs.bytes, at + (wide ? 32 : 16))]
    if (offset + fileSize > source.size) continue
    const address = word(programs.bytes, at + (wide ? 16 : 8))
    segments.push({ type: long(programs.bytes, at), offset, address, fileSize })
  }
  const sections = table(word(head, wide ? 40 : 32), half(head, wide ? 58 : 46), half(head, wide ? 60 : 48))
  let dynamic = false
  for (let index = 0; sections.size >= 8 && index < sections.count; index++)
    dynamic ||= long(sections.bytes, index * sections.size + 4) === SHT_DYNAMIC
  return { segments, word, wordBytes: wide ? 8 : 4, stripped: sections.count > 0 && !dynamic }
}

/** Entries of one size, one behind the other. */
interface Table {
  readonly bytes: Buffer
  readonly size: number
  readonly count: number
}
