export interface SampleElf {
  readonly soname?: string
  readonly needed?: readonly string[]
  /** Bytes of a word: 8 unless told. */
  readonly wordBytes?: 4 | 8
  readonly bigEndian?: boolean
  /** Bytes of code between the header and what is dynamic. */
  readonly text?: number
}

/** A small ELF file with program headers, a dynamic table and its strings; no sections. It links nothing: it is only to be read. */
export function sampleElf({ soname, needed = [], wordBytes = 8, bigEndian = false, text = 100 }: SampleElf): Buffer {
  const wide = wordBytes === 8
  const headerBytes = wide ? 64 : 52
  const programBytes = wide ? 56 : 32
  const names = [...needed, ...(soname === undefined ? [] : [soname])]
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`)
  const offsets = names.map((_, index) => 1 + names.slice(0, index).join('').length + index)
  const base = 0x400000
  const stringsAt = headerBytes + 2 * programBytes + text
  const dynamicAt = Math.ceil((stringsAt + strings.length) / 8) * 8
  const tags: [number, number][] = [
    ...needed.map((_, index): [number, number] => [1, offsets[index] ?? 0]),
    ...(soname === undefined ? [] : [[14, offsets.at(-1) ?? 0] satisfies [number, number]]),
    [5, base + stringsAt],
    [10, strings.length],
    [0, 0],
  ]
  const size = dynamicAt + tags.length * 2 * wordBytes
  const bytes = Buffer.alloc(size)
  const put = (at: number, length: number, value: number) =>
    bigEndian
      ? bytes.writeUIntBE(value, at + length - Math.min(length, 6), Math.min(length, 6))
      : bytes.writeUIntLE(value, at, Math.min(length, 6))
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, bigEndian ? 2 : 1, 1])
  put(16, 2, 3)
  put(18, 2, wide ? 62 : 3)
  put(20, 4, 1)
  put(wide ? 32 : 28, wordBytes, headerBytes)
  put(wide ? 52 : 40, 2, headerBytes)
  put(wide ? 54 : 42, 2, programBytes)
  put(wide ? 56 : 44, 2, 2)
  const program = (at: number, type: number, offset: number, length: number) => {
    put(at, 4, type)
    put(at + (wide ? 8 : 4), wordBytes, offset)
    put(at + (wide ? 16 : 8), wordBytes, base + offset)
    put(at + (wide ? 32 : 16), wordBytes, length)
    put(at + (wide ? 40 : 20), wordBytes, length)
  }
  program(headerBytes, 1, 0, size)
  program(headerBytes + programBytes, 2, dynamicAt, size - dynamicAt)
  strings.copy(bytes, stringsAt)
  for (const [index, [tag, value]] of tags.entries()) {
    put(dynamicAt + index * 2 * wordBytes, wordBytes, tag)
    put(dynamicAt + (index * 2 + 1) * wordBytes, wordBytes, value)
  }
  return bytes
}
