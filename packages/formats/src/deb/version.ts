import { fail } from '../errors.ts'
import type { Ordering, ParsedVersion } from '../types.ts'

/** Splits a version (Debian Policy §5.6.12, deb-version(7)). Never fails: what is no number before a colon belongs to the upstream part, as an epoch of 0. */
export function parseVersion(text: string): ParsedVersion {
  const colon = text.indexOf(':')
  const hasEpoch = colon > 0 && /^\d{1,10}$/.test(text.slice(0, colon))
  const rest = hasEpoch ? text.slice(colon + 1) : text
  const dash = rest.lastIndexOf('-')
  return {
    epoch: hasEpoch ? Number(text.slice(0, colon)) : 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** Orders two split versions: epoch, then upstream, then revision. */
export function compareParsed(a: ParsedVersion, b: ParsedVersion): Ordering {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  return compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision)
}

/** The order of two version strings as `dpkg --compare-versions` has it. Total: equal strings of digits with other leading zeros are equal. */
export function compareVersions(a: string, b: string): Ordering {
  return a === b ? 0 : compareParsed(parseVersion(a), parseVersion(b))
}

/**
 * True if `version` stands in `operator` relation to `wanted`. `<` and `>` are the obsolete spellings of `<=` and `>=` (Policy §7.1).
 * @throws RELATION_MALFORMED for any other operator
 */
export function satisfies(version: string, operator: string, wanted: string): boolean {
  const order = compareVersions(version, wanted)
  switch (operator) {
    case '<<':
      return order < 0
    case '<=':
    case '<':
      return order <= 0
    case '=':
      return order === 0
    case '>=':
    case '>':
      return order >= 0
    case '>>':
      return order > 0
    default:
      throw fail('RELATION_MALFORMED', { what: `"${operator}" is no relation between versions` })
  }
}

const ZERO = 48
const NINE = 57
const TILDE = 126

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** dpkg's `order()`: the end and digits 0, `~` before everything, letters before all other characters. */
function weight(code: number): number {
  if (code === TILDE) return -1
  if (isDigit(code) || Number.isNaN(code)) return 0
  const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  return letter ? code : code + 256
}

/** dpkg's `verrevcmp()`: runs of non-digits by weight and runs of digits by value, in turns. */
function compareParts(a: string, b: string): Ordering {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a.charCodeAt(i))) || (j < b.length && !isDigit(b.charCodeAt(j)))) {
      const difference = weight(a.charCodeAt(i)) - weight(b.charCodeAt(j))
      if (difference !== 0) return difference < 0 ? -1 : 1
      i++
      j++
    }
    while (a.charCodeAt(i) === ZERO) i++
    while (b.charCodeAt(j) === ZERO) j++
    let first = 0
    while (isDigit(a.charCodeAt(i)) && isDigit(b.charCodeAt(j))) {
      if (first === 0) first = a.charCodeAt(i) - b.charCodeAt(j)
      i++
      j++
    }
    // The longer run of digits is the larger number, however long: no number type overflows here.
    if (isDigit(a.charCodeAt(i))) return 1
    if (isDigit(b.charCodeAt(j))) return -1
    if (first !== 0) return first < 0 ? -1 : 1
  }
  return 0
}
