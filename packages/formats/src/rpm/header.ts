import { fail } from '../errors.ts'
import { RPM_HEADER_BYTES, RPM_HEADER_ENTRIES } from '../limits.ts'
import { HEADERIMAGE, HEADERIMMUTABLE, HEADERSIGNATURES, TAGS, type TagName } from './tags.ts'

/** A header (rpm's manual, "The Header Structure"): its index checked, its values decoded when asked for. A tag that is not there has no values. */
export interface Header {
  /** Bytes of the whole structure, with its magic where it has one. */
  readonly size: number
  /** The tags that are there, ascending, without those of regions. */
  readonly tags: readonly number[]
  has(tag: TagName): boolean
  /** A text; of several translations the first, which is the one of no language. '' where there is none. */
  string(tag: TagName): string
  strings(tag: TagName): readonly string[]
  /** Unsigned integers of 8 to 64 bits. */
  numbers(tag: TagName): readonly number[]
  /** The first of `numbers`. */
  number(tag: TagName): number | undefined
  binary(tag: TagName): Buffer | undefined
  /** The same by number: for signature headers, whose tags have other names. */
  readonly raw: RawHeader
}

export interface RawHeader {
  has(tag: number): boolean
  type(tag: number): number | undefined
  strings(tag: number): readonly string[]
  numbers(tag: number): readonly number[]
  binary(tag: number): Buffer | undefined
}

/** Makes the error a malformed header ends in. */
export type Complain = (what: string) => Error

export interface HeaderOptions {
  /** Default: PACKAGE_MALFORMED. */
  readonly complain?: Complain
  /** Bytes the data may have. */
  readonly limit?: number
}

export const HEADER_MAGIC = Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0])

/** Numbers of the value types, by their place in "The Header Structure". */
export const TYPE = {
  char: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  string: 6,
  bin: 7,
  'string[]': 8,
  i18n: 9,
} as const

const WIDTHS: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 1, 1]
export const ENTRY_BYTES = 16

/** Bytes of a header's index and data from its intro. `intro`: the 8 bytes after the magic. */
export function headerLength(
  intro: Buffer,
  { complain = malformed, limit = RPM_HEADER_BYTES }: HeaderOptions = {},
): number {
  const entries = intro.readUInt32BE(0)
  const data = intro.readUInt32BE(4)
  if (entries === 0 || entries > RPM_HEADER_ENTRIES)
    throw complain(`the header has ${entries} entries; expected 1 to RPM_HEADER_ENTRIES, ${RPM_HEADER_ENTRIES}`)
  if (data > limit) throw complain(`the header has ${data} bytes of data; expected at most ${limit}`)
  return entries * ENTRY_BYTES + data
}

/**
 * Parses a header: of a package file, with its magic, or of an installed database, which stores it without. Every offset, count and
 * alignment is checked here; strings are looked through when they are read. Entries that an installed database has added after the
 * region of the original header count before those in it.
 * @throws what `complain` makes: PACKAGE_MALFORMED unless told otherwise
 */
export function parseHeader(bytes: Buffer, options: HeaderOptions = {}): Header {
  const { complain = malformed } = options
  const start = bytes.length >= 8 && bytes.subarray(0, 8).equals(HEADER_MAGIC) ? 8 : 0
  if (bytes.length < start + 8) throw complain(`the header ends after ${bytes.length} bytes`)
  const length = headerLength(bytes.subarray(start, start + 8), options)
  const size = start + 8 + length
  if (bytes.length < size) throw complain(`the header has ${bytes.length} bytes; expected ${size}`)
  const count = bytes.readUInt32BE(start)
  const dataStart = start + 8 + count * ENTRY_BYTES
  const data = bytes.subarray(dataStart, size)
  const index = new Map<number, number>()
  for (let i = 0, at = start + 8; i < count; i++, at += ENTRY_BYTES) {
    const tag = bytes.readUInt32BE(at)
    checkEntry(bytes, at, data.length, complain)
    if (tag === HEADERIMAGE || tag === HEADERIMMUTABLE || tag === HEADERSIGNATURES) {
      if (i === 0) checkRegion(bytes, at, data, count, complain)
    } else if (tag > HEADERIMMUTABLE) index.set(tag, at)
  }
  const starts = checkedOrder(bytes, start + 8, count, complain)
  const reader = rawReader(bytes, data, { index, starts }, complain)
  const header: Header = {
    size,
    tags: [...index.keys()].sort((a, b) => a - b),
    raw: reader,
    has: (tag) => index.has(TAGS[tag].number),
    string: (tag) => reader.strings(TAGS[tag].number)[0] ?? '',
    strings: (tag) => reader.strings(TAGS[tag].number),
    numbers: (tag) => reader.numbers(TAGS[tag].number),
    number: (tag) => reader.numbers(TAGS[tag].number)[0],
    binary: (tag) => reader.binary(TAGS[tag].number),
  }
  return header
}

/** An entry is tag, type, offset, count: 32 bits each. */
function checkEntry(bytes: Buffer, at: number, dataBytes: number, complain: Complain): void {
  const tag = bytes.readUInt32BE(at)
  const type = bytes.readUInt32BE(at + 4)
  const offset = bytes.readInt32BE(at + 8)
  const count = bytes.readUInt32BE(at + 12)
  const width = WIDTHS[type]
  if (width === undefined || width === 0) throw complain(`tag ${tag} has the type ${type}; expected 1 to 9`)
  if (count === 0) throw complain(`tag ${tag} has no values`)
  if (offset < 0 || offset % width !== 0 || offset + count * width > dataBytes)
    throw complain(`tag ${tag}: ${count} values at offset ${offset} do not lie in the ${dataBytes} bytes of data`)
  if (type === TYPE.string && count !== 1) throw complain(`tag ${tag} is one string but counts ${count}`)
}

/**
 * Values lie one behind the other, as rpm has them (lib/header.c, `hdrblobVerifyInfo`: data may not overlap). Otherwise a few bytes could be the
 * values of thousands of tags.
 * @returns where the values of each entry start, ascending
 */
function checkedOrder(bytes: Buffer, at: number, count: number, complain: Complain): Int32Array {
  const entries = Array.from({ length: count }, (_, i) => at + i * ENTRY_BYTES)
  entries.sort((a, b) => bytes.readInt32BE(a + 8) - bytes.readInt32BE(b + 8))
  let end = 0
  for (const entry of entries) {
    const offset = bytes.readInt32BE(entry + 8)
    if (offset < end) throw complain(`the values of tag ${bytes.readUInt32BE(entry)} overlap those of another`)
    end = offset + bytes.readUInt32BE(entry + 12) * (WIDTHS[bytes.readUInt32BE(entry + 4)] ?? 1)
  }
  return Int32Array.from(entries, (entry) => bytes.readInt32BE(entry + 8))
}

/** The first start behind an offset, or the end of the data. */
function nextStart(starts: Int32Array, offset: number, end: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return starts[low] ?? end
}

/** The trailer that a region's entry points to says how many entries of the index belong to it ("Immutable regions"). */
function checkRegion(bytes: Buffer, at: number, data: Buffer, entries: number, complain: Complain): void {
  const tag = bytes.readUInt32BE(at)
  const offset = bytes.readInt32BE(at + 8)
  if (bytes.readUInt32BE(at + 4) !== TYPE.bin || bytes.readUInt32BE(at + 12) !== ENTRY_BYTES)
    throw complain(`the region ${tag} has no trailer of ${ENTRY_BYTES} bytes`)
  const trailerTag = data.readUInt32BE(offset)
  const covered = -data.readInt32BE(offset + 8)
  // rpm 4.0 wrote HEADERIMAGE into the trailer of a signature's region.
  if (trailerTag !== tag && !(tag === HEADERSIGNATURES && trailerTag === HEADERIMAGE))
    throw complain(`the region ${tag} has the trailer of ${trailerTag}`)
  if (covered <= 0 || covered % ENTRY_BYTES !== 0 || covered / ENTRY_BYTES > entries)
    throw complain(`the region ${tag} covers ${covered} bytes of an index of ${entries} entries`)
}

interface Places {
  /** Where a tag's entry stands. */
  readonly index: ReadonlyMap<number, number>
  readonly starts: Int32Array
}

function rawReader(bytes: Buffer, data: Buffer, { index, starts }: Places, complain: Complain): RawHeader {
  const typeOf = (tag: number) => {
    const at = index.get(tag)
    return at === undefined ? undefined : bytes.readUInt32BE(at + 4)
  }
  return {
    has: (tag) => index.has(tag),
    type: typeOf,
    strings(tag) {
      const at = index.get(tag)
      if (at === undefined) return []
      const type = bytes.readUInt32BE(at + 4)
      if (type !== TYPE.string && type !== TYPE['string[]'] && type !== TYPE.i18n)
        throw complain(`tag ${tag} has the type ${type}; expected strings`)
      const offset = bytes.readInt32BE(at + 8)
      const own = data.subarray(offset, nextStart(starts, offset, data.length))
      return readStrings(own, bytes.readUInt32BE(at + 12), () =>
        complain(`a string of tag ${tag} does not end before the next values`),
      )
    },
    numbers(tag) {
      const at = index.get(tag)
      if (at === undefined) return []
      const type = bytes.readUInt32BE(at + 4)
      const offset = bytes.readInt32BE(at + 8)
      const count = bytes.readUInt32BE(at + 12)
      const values: number[] = []
      switch (type) {
        case TYPE.char:
        case TYPE.int8:
          for (let i = 0; i < count; i++) values.push(data.readUInt8(offset + i))
          return values
        case TYPE.int16:
          for (let i = 0; i < count; i++) values.push(data.readUInt16BE(offset + 2 * i))
          return values
        case TYPE.int32:
          for (let i = 0; i < count; i++) values.push(data.readUInt32BE(offset + 4 * i))
          return values
        case TYPE.int64:
          for (let i = 0; i < count; i++) {
            const value = data.readBigUInt64BE(offset + 8 * i)
            if (value > BigInt(Number.MAX_SAFE_INTEGER))
              throw complain(`tag ${tag} holds ${value}; expected less than 2^53`)
            values.push(Number(value))
          }
          return values
        default:
          throw complain(`tag ${tag} has the type ${type}; expected integers`)
      }
    },
    binary(tag) {
      const at = index.get(tag)
      if (at === undefined) return undefined
      if (bytes.readUInt32BE(at + 4) !== TYPE.bin) throw complain(`tag ${tag} is not binary`)
      const offset = bytes.readInt32BE(at + 8)
      return data.subarray(offset, offset + bytes.readUInt32BE(at + 12))
    },
  }
}

function readStrings(data: Buffer, count: number, unterminated: () => Error): string[] {
  const values: string[] = []
  let from = 0
  for (let i = 0; i < count; i++) {
    const end = data.indexOf(0, from)
    if (end < 0) throw unterminated()
    values.push(end === from ? '' : data.toString('utf8', from, end))
    from = end + 1
  }
  return values
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what })
}
