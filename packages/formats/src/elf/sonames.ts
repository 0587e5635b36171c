import { ELF_NEEDED_BYTES, ELF_TABLE_ENTRIES, SONAME_BYTES } from '../limits.ts'
import { type ElfLayout, type ElfSource, elfLayout, type Segment } from './layout.ts'

/** What an ELF file says of the libraries it is linked with. */
export interface ElfSonames {
  /** DT_NEEDED in file order. */
  readonly needed: readonly string[]
  /** DT_SONAME: the name by which others need this library. */
  readonly soname?: string
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const DT_NULL = 0
const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_STRSZ = 10
const DT_SONAME = 14

/**
 * The sonames of an ELF file of either class and byte order, as the dynamic linker would find them: by the program headers, PT_DYNAMIC and
 * the string table where PT_LOAD maps it (System V gABI, chapter 5). Undefined if it is no ELF file, is not linked dynamically, or is
 * damaged: a hostile file costs a few bounded reads and never an error.
 */
export function elfSonames(file: Uint8Array | ElfSource): ElfSonames | undefined {
  const source = file instanceof Uint8Array ? inMemory(file) : file
  const layout = elfLayout(source)
  const dynamic = layout?.segments.find(({ type }) => type === PT_DYNAMIC)
  if (!layout || !dynamic || layout.stripped) return undefined
  const tags = dynamicTags(source, layout, dynamic)
  if (!tags) return undefined
  const { strings, stringsSize, needed, soname } = tags
  const at = layout.segments.find(
    ({ type, address, fileSize }) => type === PT_LOAD && strings >= address && strings - address < fileSize,
  )
  if (!at) return undefined
  const nameAt = (offset: number) =>
    offset < stringsSize ? stringAt(source, at.offset + (strings - at.address) + offset) : undefined
  const names: string[] = []
  let bytes = 0
  for (const offset of needed) {
    const name = nameAt(offset)
    if (name === undefined) continue
    // The same few bytes may be named 65,536 times.
    bytes += name.length
    if (bytes > ELF_NEEDED_BYTES) return undefined
    names.push(name)
  }
  const own = soname === undefined ? undefined : nameAt(soname)
  return { needed: names, ...(own === undefined ? {} : { soname: own }) }
}

/** True if a file's first bytes are those of an ELF file. */
export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46
}

function inMemory(bytes: Uint8Array): ElfSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { size: buffer.length, read: (offset, length) => buffer.subarray(offset, offset + length) }
}

interface DynamicTags {
  /** Address and size of the string table. */
  readonly strings: number
  readonly stringsSize: number
  readonly needed: readonly number[]
  readonly soname?: number
}

function dynamicTags(source: ElfSource, layout: ElfLayout, { offset, fileSize }: Segment): DynamicTags | undefined {
  const { word, wordBytes } = layout
  const entry = 2 * wordBytes
  const count = Math.min(Math.floor(fileSize / entry), ELF_TABLE_ENTRIES)
  const bytes = source.read(offset, count * entry)
  const needed: number[] = []
  let soname: number | undefined
  let strings: number | undefined
  let stringsSize = Number.MAX_SAFE_INTEGER
  for (let at = 0; at + entry <= bytes.length; at += entry) {
    const tag = word(bytes, at)
    const value = word(bytes, at + wordBytes)
    if (tag === DT_NULL) break
    if (tag === DT_NEEDED) needed.push(value)
    else if (tag === DT_SONAME) soname = value
    else if (tag === DT_STRTAB) strings = value
    else if (tag === DT_STRSZ) stringsSize = value
  }
  if (strings === undefined) return undefined
  return { strings, stringsSize, needed, ...(soname === undefined ? {} : { soname }) }
}

/** A name of the string table; none if it is empty, has no end, or holds what no file name does. */
function stringAt(source: ElfSource, offset: number): string | undefined {
  if (offset >= source.size) return undefined
  const bytes = source.read(offset, SONAME_BYTES)
  const end = bytes.indexOf(0)
  const text = end <= 0 ? '' : bytes.toString('latin1', 0, end)
  return /^[!-~]+$/.test(text) ? text : undefined
}
