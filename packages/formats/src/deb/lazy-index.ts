import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import { place, type Places, placesOf } from '../places.ts'
import type { PackageIndex, PackageRecord } from '../types.ts'
import { parseIndex } from './packages-index.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const TAB = 9
/** The bit that parts upper from lower case in ASCII letters. */
const LOWER = 32
const LETTER_E = 101
const LETTER_P = 112

const PACKAGE = Buffer.from('package:')
const PROVIDES = Buffer.from('provides:')
const ESSENTIAL = Buffer.from('essential:')

/**
 * The same packages as `parseIndex`, each stanza parsed when it is asked for: of an index of 60,000 an image touches some thousands. One pass over
 * the bytes finds the stanzas, their names and what they provide; nothing else is read. The bytes are kept, and must not change.
 * @throws REPOSITORY_MALFORMED: here for a stanza without a name, and by `record` for what else is wrong with one
 */
export function openIndex(input: Uint8Array): PackageIndex {
  if (input.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `the index is larger than INDEX_BYTES, ${INDEX_BYTES} bytes` })
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const starts: number[] = []
  const ends: number[] = []
  const names: Places = new Map()
  const provides: Places = new Map()
  const essential: number[] = []
  let start = -1
  let named = false
  let provided = false
  const end = (at: number) => {
    if (start < 0) return
    if (!named) throw fail('REPOSITORY_MALFORMED', { what: `the stanza at byte ${start} of the index has no Package` })
    starts.push(start)
    ends.push(at)
    start = -1
    named = false
    provided = false
  }
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0
    if (first === LINE_FEED || (first === CARRIAGE_RETURN && isLineEnd(bytes, at + 1))) {
      end(at)
      at += first === LINE_FEED ? 1 : 2
      continue
    }
    if (start < 0) start = at
    // The first of a field counts: `record` refuses a second. Of the lines few begin with one of these letters.
    const letter = first | LOWER
    if (letter === LETTER_P) {
      if (!named && isField(bytes, at, PACKAGE)) {
        place(names, valueAt(bytes, at + PACKAGE.length), starts.length)
        named = true
      } else if (!provided && isField(bytes, at, PROVIDES)) {
        for (const name of providedNames(bytes, at + PROVIDES.length)) place(provides, name, starts.length)
        provided = true
      }
    } else if (letter === LETTER_E && isField(bytes, at, ESSENTIAL)) essential.push(starts.length)
    while (at < bytes.length && bytes[at] !== LINE_FEED) at++
    at++
  }
  end(bytes.length)
  return {
    size: starts.length,
    essential,
    named: (name) => placesOf(names, name),
    providing: (name) => placesOf(provides, name),
    names: () => names.keys(),
    record(at) {
      const [record] = parseStanza(bytes, starts[at], ends[at])
      if (!record) throw new RangeError(`the index has no package ${at}`)
      return record
    },
  }
}

function parseStanza(bytes: Buffer, start = 0, end = 0): PackageRecord[] {
  return parseIndex(bytes.subarray(start, end))
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return at >= bytes.length || bytes[at] === LINE_FEED
}

/** Whether a field of this name, in whatever case, begins at a line. */
function isField(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++)
    if (((bytes[at + index] ?? 0) | (index === name.length - 1 ? 0 : LOWER)) !== name[index]) return false
  return true
}

/** The end of a value's line, and of the lines that continue it. */
function endOfValue(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(LINE_FEED, at)
    if (at < 0) return bytes.length
    const next = bytes[at + 1]
    if (next !== SPACE && next !== TAB) return at
  }
}

function valueAt(bytes: Buffer, from: number): string {
  return bytes.toString('latin1', from, endOfValue(bytes, from)).trim()
}

/** The names in a Provides: what stands before a version in brackets, without an architecture. */
function providedNames(bytes: Buffer, from: number): string[] {
  return valueAt(bytes, from)
    .split(/[,|]/)
    .map((one) => /^\s*([^\s(:]+)/.exec(one)?.[1] ?? '')
    .filter((name) => name !== '')
}
