import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord, Relation } from '../types.ts'
import { RECORD_FIELDS, recordOf, SLOT_BY_LOWER_NAME } from './record.ts'

const SPACE = 32
const TAB = 9
const CARRIAGE_RETURN = 13
const DESCRIPTION = RECORD_FIELDS.indexOf('Description')
/** Distinct field names remembered; an index has about forty. */
const FIELD_NAMES = 4096

/**
 * Parses every stanza of an uncompressed Packages index (Debian RepositoryFormat, "Packages" indices).
 *
 * One pass over the text finds the lines; only the values a record needs are copied out, so that the records do not keep the whole
 * index in memory. Relations are shared between the records that have them in common.
 * @throws REPOSITORY_MALFORMED
 */
export function parseIndex(input: Uint8Array): PackageRecord[] {
  if (input.length > INDEX_BYTES) throw malformed(`the index is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  // One character per byte: an offset in the text is the offset in the bytes.
  const text = bytes.toString('latin1')
  const cache = new Map<string, readonly Relation[]>()
  const slots = new Map<string, number>()
  const records: PackageRecord[] = []
  let values: (string | undefined)[] = []
  let begun = false
  const end = () => {
    if (begun) records.push(recordOf(values, { complain: malformed, cache }))
    begun = false
    values = Array.from({ length: RECORD_FIELDS.length })
  }
  end()
  for (let at = 0; at < text.length; ) {
    const lineEnd = endOfLine(text, at)
    const first = text.charCodeAt(at)
    if (lineEnd === at || (lineEnd === at + 1 && first === CARRIAGE_RETURN)) {
      end()
      at = lineEnd + 1
      continue
    }
    const colon = text.indexOf(':', at)
    if (first === SPACE || first === TAB || colon <= at || colon >= lineEnd)
      throw malformed(`no field at byte ${at} of the index: ${text.slice(at, Math.min(lineEnd, at + 80))}`)
    let valueEnd = lineEnd
    let next = lineEnd + 1
    while (next < text.length && isContinuation(text.charCodeAt(next))) {
      valueEnd = endOfLine(text, next)
      next = valueEnd + 1
    }
    begun = true
    const slot = slotOf(text.slice(at, colon), slots)
    if (slot >= 0) {
      const raw =
        slot === DESCRIPTION
          ? bytes.toString('utf8', colon + 1, lineEnd)
          : bytes.toString('latin1', colon + 1, valueEnd)
      // apt takes the last of them, others the first.
      if (values[slot] !== undefined) throw malformed(`the field at byte ${at} of the index is there twice`)
      values[slot] = raw.trim()
    }
    at = next
  }
  end()
  return records
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function isContinuation(code: number): boolean {
  return code === SPACE || code === TAB
}

function slotOf(name: string, slots: Map<string, number>): number {
  const known = slots.get(name)
  if (known !== undefined) return known
  const slot = SLOT_BY_LOWER_NAME.get(name.toLowerCase()) ?? -1
  if (slots.size < FIELD_NAMES) slots.set(name, slot)
  return slot
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what, cause })
}
