import { ENTRY_BYTES, HEADER_MAGIC, TYPE } from './header.ts'
import type { TagType } from './tags.ts'

/** One entry of a header to write. Its values fit the type: numbers, texts, or bytes for `bin`. */
export interface HeaderEntry {
  readonly tag: number
  readonly type: TagType
  readonly values: readonly number[] | readonly string[] | Uint8Array
}

const WIDTHS: Readonly<Record<string, number>> = { int16: 2, int32: 4, int64: 8 }

/**
 * A header with its magic ("The Header Structure"): entries sorted by tag, integers aligned, all of it one region whose trailer stands
 * at the end of the data. `region`: HEADERIMMUTABLE or HEADERSIGNATURES.
 */
export function writeHeader(entries: readonly HeaderEntry[], region: number): Buffer {
  const sorted = [...entries].sort((a, b) => a.tag - b.tag)
  const index = Buffer.alloc((sorted.length + 1) * ENTRY_BYTES)
  const data: Uint8Array[] = []
  let length = 0
  for (const [i, { tag, type, values }] of sorted.entries()) {
    const element = type.replace('[]', '')
    const padding = -length & ((WIDTHS[element] ?? 1) - 1)
    if (padding > 0) data.push(Buffer.alloc(padding))
    length += padding
    const bytes = encode(element, values)
    writeEntry(index, i + 1, { tag, type: numberOf(type, values.length), offset: length, count: values.length })
    data.push(bytes)
    length += bytes.length
  }
  const trailer = Buffer.alloc(ENTRY_BYTES)
  writeEntry(index, 0, { tag: region, type: TYPE.bin, offset: length, count: ENTRY_BYTES })
  writeEntry(trailer, 0, { tag: region, type: TYPE.bin, offset: -index.length, count: ENTRY_BYTES })
  const intro = Buffer.alloc(8)
  intro.writeUInt32BE(sorted.length + 1, 0)
  intro.writeUInt32BE(length + ENTRY_BYTES, 4)
  return Buffer.concat([HEADER_MAGIC, intro, index, ...data, trailer])
}

interface IndexEntry {
  readonly tag: number
  readonly type: number
  readonly offset: number
  readonly count: number
}

function writeEntry(index: Buffer, at: number, { tag, type, offset, count }: IndexEntry): void {
  index.writeUInt32BE(tag, at * ENTRY_BYTES)
  index.writeUInt32BE(type, at * ENTRY_BYTES + 4)
  index.writeInt32BE(offset, at * ENTRY_BYTES + 8)
  index.writeUInt32BE(count, at * ENTRY_BYTES + 12)
}

function numberOf(type: TagType, count: number): number {
  switch (type) {
    case 'string[]':
      return TYPE['string[]']
    case 'string':
      // A script's interpreter is one string, or several with its arguments.
      return count === 1 ? TYPE.string : TYPE['string[]']
    case 'i18n':
      return TYPE.i18n
    case 'bin':
      return TYPE.bin
    case 'char[]':
      return TYPE.char
    case 'int16[]':
      return TYPE.int16
    case 'int32':
    case 'int32[]':
      return TYPE.int32
    case 'int64':
    case 'int64[]':
      return TYPE.int64
  }
}

function encode(element: string, values: HeaderEntry['values']): Uint8Array {
  if (values instanceof Uint8Array) return values
  const width = WIDTHS[element]
  if (width === undefined) return Buffer.from(values.map((value) => `${value}\0`).join(''))
  const bytes = Buffer.alloc(values.length * width)
  for (const [i, value] of values.entries()) {
    const number = Number(value)
    if (width === 2) bytes.writeUInt16BE(number, i * 2)
    else if (width === 4) bytes.writeUInt32BE(number, i * 4)
    else bytes.writeBigUInt64BE(BigInt(number), i * 8)
  }
  return bytes
}
