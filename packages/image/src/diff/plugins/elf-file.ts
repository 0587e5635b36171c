import { ELF_SECTIONS, ELF_SYMBOLS } from '../limits.ts'

export interface Section {
  readonly name: string
  readonly type: number
  readonly offset: number
  readonly size: number
  readonly link: number
}

export interface ElfSegment {
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
}

export interface ElfSymbol {
  readonly name: string
  /** `GLIBC_2.34`; '' without one. */
  readonly version: string
  readonly defined: boolean
}

/** An ELF file's headers, with what reads its tables. */
export interface ElfFile {
  readonly type: number
  readonly machine: number
  readonly wide: boolean
  readonly sections: readonly Section[]
  readonly segments: readonly ElfSegment[]
  half(at: number): number
  long(at: number): number
  /** Of the file's class. */
  word(at: number): number
  /** A string up to its NUL. */
  text(at: number): string
}

export const SHT = {
  symtab: 2,
  dynamic: 6,
  note: 7,
  dynsym: 11,
  verdef: 0x6ffffffd,
  verneed: 0x6ffffffe,
  versym: 0x6fffffff,
} as const

/**
 * Reads an ELF file's headers (System V gABI, chapter 4 "ELF Header", "Sections"; chapter 5 "Program Header").
 * @throws RangeError, Error if it is damaged
 */
export function readElf(bytes: Buffer): ElfFile {
  const wide = bytes[4] === 2
  const little = bytes[5] === 1
  const half = (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const long = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const quad = (at: number) => (little ? long(at) + long(at + 4) * 2 ** 32 : long(at) * 2 ** 32 + long(at + 4))
  const word = wide ? quad : long
  const text = (at: number) => {
    const end = bytes.indexOf(0, at)
    if (at > bytes.length || end < 0 || end - at > 4096) throw new Error('a string has no end')
    return bytes.toString('latin1', at, end)
  }
  const [programAt, sectionAt] = wide ? [quad(32), quad(40)] : [long(28), long(32)]
  const counts = wide ? 54 : 42
  const [programSize, programs, sectionSize, sectionCount, namesIndex] = [0, 2, 4, 6, 8].map((by) => half(counts + by))
  const segments = range(programs ?? 0).map((index) => {
    const at = programAt + index * (programSize ?? 0)
    return {
      type: long(at),
      flags: long(at + (wide ? 4 : 24)),
      offset: word(at + (wide ? 8 : 4)),
      size: word(at + (wide ? 32 : 16)),
    }
  })
  const bare = range(sectionAt === 0 ? 0 : (sectionCount ?? 0)).map((index) => {
    const at = sectionAt + index * (sectionSize ?? 0)
    return {
      nameAt: long(at),
      type: long(at + 4),
      offset: word(at + (wide ? 24 : 16)),
      size: word(at + (wide ? 32 : 20)),
      link: long(at + (wide ? 40 : 24)),
    }
  })
  const names = bare[namesIndex ?? 0]
  const sections = bare.map(({ nameAt, ...section }) => ({
    ...section,
    name: names && section.type !== 0 ? text(names.offset + nameAt) : '',
  }))
  return { type: half(16), machine: half(18), wide, sections, segments, half, long, word, text }
}

function range(count: number): number[] {
  if (count > ELF_SECTIONS) throw new Error('too many headers')
  return Array.from({ length: count }, (_, index) => index)
}

const STB_LOCAL = 0

/** The dynamic symbols with their versions (Linux Standard Base, "Symbol Versioning"). */
export function dynamicSymbols(elf: ElfFile): ElfSymbol[] {
  const table = elf.sections.find(({ type }) => type === SHT.dynsym)
  const strings = table ? elf.sections[table.link] : undefined
  if (!table || !strings) return []
  const versions = versionNames(elf)
  const indexes = elf.sections.find(({ type }) => type === SHT.versym)
  const entry = elf.wide ? 24 : 16
  const count = Math.floor(table.size / entry)
  if (count > ELF_SYMBOLS) throw new Error('too many symbols')
  const symbols: ElfSymbol[] = []
  for (let index = 1; index < count; index++) {
    const at = table.offset + index * entry
    const info = elf.half(at + (elf.wide ? 4 : 12)) & 0xff
    if (info >> 4 === STB_LOCAL) continue
    const defined = elf.half(at + (elf.wide ? 6 : 14)) !== 0
    const version = indexes ? (versions.get(elf.half(indexes.offset + index * 2) & 0x7fff) ?? '') : ''
    symbols.push({ name: elf.text(strings.offset + elf.long(at)), version, defined })
  }
  return symbols
}

/** The versions that a library defines, by their index, its own name among them. @throws RangeError, Error if it is damaged */
export function definedVersions(elf: ElfFile): Map<number, string> {
  const names = new Map<number, string>()
  const defined = elf.sections.find(({ type }) => type === SHT.verdef)
  const strings = defined ? elf.sections[defined.link] : undefined
  if (defined && strings)
    for (const at of chain(elf, defined.offset, 16))
      names.set(elf.half(at + 4), elf.text(strings.offset + elf.long(at + elf.long(at + 12))))
  return names
}

function versionNames(elf: ElfFile): Map<number, string> {
  const names = definedVersions(elf)
  const needed = elf.sections.find(({ type }) => type === SHT.verneed)
  const neededStrings = needed ? elf.sections[needed.link] : undefined
  if (needed && neededStrings)
    for (const file of chain(elf, needed.offset, 12))
      for (const at of chain(elf, file + elf.long(file + 8), 12))
        names.set(elf.half(at + 6), elf.text(neededStrings.offset + elf.long(at + 8)))
  return names
}

/** The places of records that each say how far away the next is; 0 ends them. */
function* chain(elf: ElfFile, from: number, nextField: number): Generator<number> {
  let at = from
  for (let index = 0; index < ELF_SECTIONS; index++) {
    yield at
    const next = elf.long(at + nextField)
    if (next === 0) return
    at += next
  }
}
