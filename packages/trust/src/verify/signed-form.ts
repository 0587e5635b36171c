import { compareText } from '@holotype/base'

/** Half of a character beyond U+FFFF: only with one of these do UTF-16 code units and code points sort differently. */
const SURROGATE = /[\ud800-\udfff]/

/**
 * The bytes that a TUF signature covers: OLPC canonical JSON (TUF 1.0 §4.2.1), in UTF-8. It differs from `canonicalJson` of base in that a text
 * escapes nothing but `"` and `\`: the line ends of a PEM key stand as they are, so the result need not be JSON.
 * @throws TypeError on a fraction, or a value that JSON has no form for
 */
export function signedForm(value: unknown): Buffer {
  return Buffer.from(canonical(value))
}

function canonical(value: unknown): string {
  if (value === null || value === true || value === false) return String(value)
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`canonical JSON has whole numbers only, not ${value}`)
    return String(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`canonical JSON has no form for a ${typeof value}`)
  const members = Object.entries(value).filter((entry) => entry[1] !== undefined)
  const order = members.some(([key]) => SURROGATE.test(key)) ? compareCodePoints : compareText
  return `{${members
    .sort(([a], [b]) => order(a, b))
    .map(([key, member]) => `${quoted(key)}:${canonical(member)}`)
    .join(',')}}`
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The order of UTF-8 bytes is that of code points. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
