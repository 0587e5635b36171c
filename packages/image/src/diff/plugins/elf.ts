import { elfSonames } from '@holotype/formats/elf-sonames'
import { dynamicSymbols, type ElfFile, type ElfSymbol, readElf, SHT } from './elf-file.ts'
import type { Facts, Plugin } from './types.ts'

const PT_INTERP = 3
const PT_NOTE = 4
const PT_GNU_STACK = 0x6474e551
const PT_GNU_RELRO = 0x6474e552
const ET_DYN = 3
const PF_X = 1
const DT_RPATH = 15
const DT_BIND_NOW = 24
const DT_RUNPATH = 29
const DT_FLAGS = 30
const DT_FLAGS_1 = 0x6ffffffb
const DF_BIND_NOW = 8
const DF_1_NOW = 1
const DF_1_PIE = 0x08000000
const NT_GNU_BUILD_ID = 3

/** ELF programs, libraries and kernel modules: what they need and give, how they are hardened, which build they are. */
export const elf: Plugin = {
  name: 'elf',
  wants: (_path, head) => head.length > 4 && head.readUInt32BE(0) === 0x7f454c46,
  describe(bytes) {
    const file = readElf(bytes)
    const sonames = elfSonames(bytes)
    const symbols = dynamicSymbols(file)
    const dynamic = dynamicTags(file)
    const nameOf = ({ name, version }: ElfSymbol) => (version === '' ? name : `${name}@${version}`)
    return {
      facts: {
        soname: sonames?.soname ?? '',
        'libraries needed': sonames?.needed ?? [],
        'search path': searchPath(file, dynamic),
        interpreter: interpreter(file),
        ...(symbols.length > 0 ? hardening(file, dynamic, symbols) : {}),
        'build id': buildId(file, bytes),
        'symbols given': symbols.filter(({ defined }) => defined).map(nameOf),
        'symbols needed': symbols.filter(({ defined }) => !defined).map(nameOf),
        'module information': moduleInformation(file, bytes),
        sections: file.sections.map(({ name }) => name).filter((name) => name !== ''),
        'bytes of code': sizeOf(file, '.text'),
        'bytes of constants': sizeOf(file, '.rodata'),
      },
    }
  },
}

/** What checksec(1) asks: RELRO, NX, PIE, stack canary, FORTIFY. */
function hardening(file: ElfFile, dynamic: ReadonlyMap<number, number>, symbols: readonly ElfSymbol[]): Facts {
  const relro = file.segments.some(({ type }) => type === PT_GNU_RELRO)
  const now =
    dynamic.has(DT_BIND_NOW) ||
    ((dynamic.get(DT_FLAGS) ?? 0) & DF_BIND_NOW) !== 0 ||
    ((dynamic.get(DT_FLAGS_1) ?? 0) & DF_1_NOW) !== 0
  const stack = file.segments.find(({ type }) => type === PT_GNU_STACK)
  const isProgram = file.segments.some(({ type }) => type === PT_INTERP)
  const isPie = file.type === ET_DYN || ((dynamic.get(DT_FLAGS_1) ?? 0) & DF_1_PIE) !== 0
  const needs = (pattern: RegExp) => symbols.some(({ name, defined }) => !defined && pattern.test(name))
  return {
    RELRO: relro ? (now ? 'full' : 'partial') : 'none',
    'executable stack': !stack || stack.flags & PF_X ? 'yes' : 'no',
    ...(isProgram ? { PIE: isPie ? 'yes' : 'no' } : {}),
    'stack protector': needs(/^__stack_chk_fail/) ? 'yes' : 'no',
    FORTIFY: needs(/^__\w+_chk$/) ? 'yes' : 'no',
  }
}

function dynamicTags(file: ElfFile): ReadonlyMap<number, number> {
  const section = file.sections.find(({ type }) => type === SHT.dynamic)
  const tags = new Map<number, number>()
  if (!section) return tags
  const bytes = file.wide ? 8 : 4
  for (let at = section.offset; at < section.offset + section.size; at += 2 * bytes) {
    const tag = file.word(at)
    if (tag === 0) break
    tags.set(tag, file.word(at + bytes))
  }
  return tags
}

function searchPath(file: ElfFile, dynamic: ReadonlyMap<number, number>): string {
  const at = dynamic.get(DT_RUNPATH) ?? dynamic.get(DT_RPATH)
  const section = file.sections.find(({ type }) => type === SHT.dynamic)
  const strings = section ? file.sections[section.link] : undefined
  return at === undefined || !strings ? '' : file.text(strings.offset + at)
}

function interpreter(file: ElfFile): string {
  const segment = file.segments.find(({ type }) => type === PT_INTERP)
  return segment ? file.text(segment.offset) : ''
}

function buildId(file: ElfFile, bytes: Buffer): string {
  const notes = [
    ...file.segments.filter(({ type }) => type === PT_NOTE),
    ...file.sections.filter(({ type }) => type === SHT.note),
  ]
  for (const { offset, size } of notes) {
    for (let at = offset; at + 12 <= offset + size; ) {
      const [nameSize, valueSize, type] = [file.long(at), file.long(at + 4), file.long(at + 8)]
      const value = at + 12 + Math.ceil(nameSize / 4) * 4
      if (type === NT_GNU_BUILD_ID && nameSize === 4 && file.text(at + 12) === 'GNU')
        return bytes.toString('hex', value, Math.min(value + valueSize, value + 64))
      at = value + Math.ceil(valueSize / 4) * 4
    }
  }
  return ''
}

function sizeOf(file: ElfFile, section: string): string {
  return String(file.sections.find(({ name }) => name === section)?.size ?? '')
}

/** A kernel module's `.modinfo`: licence, parameters, which kernel it is for (`vermagic`). */
function moduleInformation(file: ElfFile, bytes: Buffer): string[] {
  const section = file.sections.find(({ name }) => name === '.modinfo')
  if (!section) return []
  return bytes
    .toString('latin1', section.offset, section.offset + section.size)
    .split('\0')
    .filter((line) => line !== '')
}
