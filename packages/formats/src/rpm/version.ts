import { fail } from '../errors.ts'
import type { Ordering, ParsedVersion, Relation } from '../types.ts'

const ZERO = 48
const NINE = 57
const COLON = 58
const TILDE = 126
const CARET = 94

/**
 * Splits `epoch:version-release` (rpm-version(7)). Never fails: without leading digits and a colon the epoch is 0, without a hyphen the
 * release is '', which stands for none.
 */
export function parseVersion(text: string): ParsedVersion {
  let digits = 0
  while (isDigit(text.charCodeAt(digits))) digits++
  const hasEpoch = text.charCodeAt(digits) === COLON
  const start = hasEpoch ? digits + 1 : 0
  const dash = text.lastIndexOf('-')
  const end = dash < start ? text.length : dash
  return {
    epoch: hasEpoch ? epochOf(text.slice(0, digits)) : 0,
    upstream: text.slice(start, end),
    revision: dash < start ? '' : text.slice(dash + 1),
  }
}

/** The one form that each epoch has: a bigint only beyond what a number holds, so that equal ones are identical. */
function epochOf(digits: string): number | bigint {
  const epoch = Number(digits)
  return Number.isSafeInteger(epoch) ? epoch : BigInt(digits)
}

/** Orders two split versions: epoch, then version, then release. One without a release comes before all that have one. */
export function compareParsed(a: ParsedVersion, b: ParsedVersion): Ordering {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  const order = compareParts(a.upstream, b.upstream)
  if (order !== 0) return order
  if (a.revision === '' || b.revision === '') return a.revision === b.revision ? 0 : a.revision === '' ? -1 : 1
  return compareParts(a.revision, b.revision)
}

/** The order of two EVR strings, total, as rpm sorts packages of one name. */
export function compareVersions(a: string, b: string): Ordering {
  return a === b ? 0 : compareParsed(parseVersion(a), parseVersion(b))
}

/**
 * True if `version` stands in `operator` relation to `wanted`, as a dependency has it: a release counts only where both have one
 * (`1.0-3` satisfies `= 1.0`, and `1.0`, which stands for all its releases, `> 1.0-3`), and a missing epoch is 0.
 * @throws RELATION_MALFORMED for what is none of `<` `<=` `=` `>=` `>`
 */
export function satisfies(version: string, operator: string, wanted: string): boolean {
  return satisfiesParsed(parseVersion(version), operator, parseVersion(wanted))
}

/** `satisfies` on split versions. @throws RELATION_MALFORMED */
export function satisfiesParsed(version: ParsedVersion, operator: string, wanted: ParsedVersion): boolean {
  return meet(version, EQUAL, wanted, senseOf(operator))
}

/**
 * True if a capability that is provided as `a` says meets what `b` asks for: the names are the same and the ranges share a version
 * (`a < 3` meets `a >= 2`). One without a version meets all of that name.
 * @throws RELATION_MALFORMED
 */
export function overlaps(a: Relation, b: Relation): boolean {
  if (a.name !== b.name) return false
  if (a.operator === undefined || b.operator === undefined) return true
  if (a.version === undefined || b.version === undefined || a.version === '' || b.version === '') return true
  return meet(parseVersion(a.version), senseOf(a.operator), parseVersion(b.version), senseOf(b.operator))
}

/** True if two ranges share a version. Where one side alone has no release, it stands for all releases of its version if it includes it. */
function meet(a: ParsedVersion, aSense: number, b: ParsedVersion, bSense: number): boolean {
  const order = compareRange(a, b)
  if (order < 0) return (aSense & GREATER) !== 0 || (bSense & LESS) !== 0
  if (order > 0) return (aSense & LESS) !== 0 || (bSense & GREATER) !== 0
  if ((aSense & bSense) !== 0) return true
  if ((a.revision === '') === (b.revision === '')) return false
  return ((a.revision === '' ? aSense : bSense) & EQUAL) !== 0
}

const LESS = 2
const GREATER = 4
const EQUAL = 8

/** RPMSENSE_LESS, _GREATER and _EQUAL of an operator. @throws RELATION_MALFORMED */
export function senseOf(operator: string): number {
  switch (operator) {
    case '<':
      return LESS
    case '<=':
      return LESS | EQUAL
    case '=':
      return EQUAL
    case '>=':
      return GREATER | EQUAL
    case '>':
      return GREATER
    default:
      throw fail('RELATION_MALFORMED', { what: `"${operator}" is no relation between rpm versions` })
  }
}

/** The order that ranges go by: a release is looked at only where both sides have one. */
function compareRange(a: ParsedVersion, b: ParsedVersion): Ordering {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  const order = compareParts(a.upstream, b.upstream)
  return order !== 0 || a.revision === '' || b.revision === '' ? order : compareParts(a.revision, b.revision)
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

/** Where the next segment, `~` or `^` starts; everything else only separates. */
function skipSeparators(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code) || isLetter(code) || code === TILDE || code === CARET) break
  }
  return at
}

/**
 * Orders two version or release strings segment by segment (rpm-version(7), "Comparison"): a `~` sorts before the end, a `^` right after it but
 * before any other continuation, digits go by value however many they are, letters by their bytes, and digits come after letters.
 */
export function compareParts(a: string, b: string): Ordering {
  if (a === b) return 0
  let i = 0
  let j = 0
  for (;;) {
    i = skipSeparators(a, i)
    j = skipSeparators(b, j)
    const first = a.charCodeAt(i)
    const second = b.charCodeAt(j)
    if (first === TILDE || second === TILDE) {
      if (first !== second) return first === TILDE ? -1 : 1
    } else if (first === CARET || second === CARET) {
      if (first !== second) {
        if (i === a.length) return -1
        if (j === b.length) return 1
        return first === CARET ? -1 : 1
      }
    } else {
      if (i === a.length || j === b.length) return i === a.length ? (j === b.length ? 0 : -1) : 1
      const numeric = isDigit(first)
      if (numeric !== isDigit(second)) return numeric ? 1 : -1
      let iEnd = i
      let jEnd = j
      if (numeric) {
        while (a.charCodeAt(i) === ZERO) i++
        while (b.charCodeAt(j) === ZERO) j++
        iEnd = i
        jEnd = j
        while (isDigit(a.charCodeAt(iEnd))) iEnd++
        while (isDigit(b.charCodeAt(jEnd))) jEnd++
        if (iEnd - i !== jEnd - j) return iEnd - i < jEnd - j ? -1 : 1
      } else {
        while (isLetter(a.charCodeAt(iEnd))) iEnd++
        while (isLetter(b.charCodeAt(jEnd))) jEnd++
      }
      for (; i < iEnd && j < jEnd; i++, j++) {
        const difference = a.charCodeAt(i) - b.charCodeAt(j)
        if (difference !== 0) return difference < 0 ? -1 : 1
      }
      if (i < iEnd || j < jEnd) return i < iEnd ? 1 : -1
      continue
    }
    i++
    j++
  }
}
