import { fail } from '../errors.ts'
import type { Ordering, ParsedVersion } from '../types.ts'

/**
 * Splits `epoch:pkgver-pkgrel` (PKGBUILD(5)). Never fails: digits before a colon are an epoch, what follows the last hyphen is the pkgrel.
 * An epoch that no number holds exactly is Infinity and stays before the upstream part, where its digits count as libalpm counts them.
 */
export function parseVersion(text: string): ParsedVersion {
  let colon = 0
  while (isDigit(text.charCodeAt(colon))) colon++
  const hasEpoch = text.charCodeAt(colon) === COLON
  const epoch = hasEpoch && colon > 0 ? Number(text.slice(0, colon)) : 0
  if (epoch > Number.MAX_SAFE_INTEGER) return { ...splitAt(text, 0), epoch: Number.POSITIVE_INFINITY }
  return { ...splitAt(text, hasEpoch ? colon + 1 : 0), epoch }
}

function splitAt(text: string, begin: number): Pick<ParsedVersion, 'upstream' | 'revision'> {
  const hyphen = text.lastIndexOf('-')
  const end = hyphen < begin ? text.length : hyphen
  return {
    upstream: text.slice(begin, end),
    revision: text.slice(end + 1),
  }
}

/** Orders two split versions: epoch, then pkgver, then, where both have one, pkgrel. */
export function compareParsed(a: ParsedVersion, b: ParsedVersion): Ordering {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  const order = compareParts(a.upstream, b.upstream)
  return order !== 0 || a.revision === '' || b.revision === '' ? order : compareParts(a.revision, b.revision)
}

/**
 * The order of two version strings as vercmp(8) has it. A missing pkgrel equals every pkgrel, so that `pkg=1.0` means each build of 1.0;
 * thus 1.0-1 = 1.0 = 1.0-2, though 1.0-1 < 1.0-2. It is a total order among versions that all have a pkgrel, as those of packages do, or that
 * all have none: sort only such lists. (Doubled and trailing separators, which no tool makes, can go in circles: 1.1 < 1..a < 1. < 1.1.)
 */
export function compareVersions(a: string, b: string): Ordering {
  return a === b ? 0 : compareParsed(parseVersion(a), parseVersion(b))
}

/**
 * True if `version` stands in `operator` relation to `wanted`.
 * @throws RELATION_MALFORMED for any operator but `<` `<=` `=` `>=` `>`
 */
export function satisfies(version: string, operator: string, wanted: string): boolean {
  const order = compareVersions(version, wanted)
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '=':
      return order === 0
    case '>=':
      return order >= 0
    case '>':
      return order > 0
    default:
      throw fail('RELATION_MALFORMED', { what: `"${operator}" is no relation between versions` })
  }
}

const COLON = 58
const ZERO = 48

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57
}

/** Letters of ASCII, in both cases. */
function isLetter(code: number): boolean {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return at
}

function endOfLetters(text: string, from: number): number {
  let at = from
  while (isLetter(text.charCodeAt(at))) at++
  return at
}

/** Where the next digit or letter stands, or the end. */
function endOfSeparators(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code) || isLetter(code)) break
  }
  return at
}

/**
 * Compares a pkgver or pkgrel segment by segment: runs of digits by value, runs of letters by their characters, a digit being later than a
 * letter. Which separators stand between does not count, but how many: more are later. What remains of one decides: letters that
 * follow at once make it earlier (1.0rc < 1.0), all else later.
 */
function compareParts(a: string, b: string): Ordering {
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const nextI = endOfSeparators(a, i)
    const nextJ = endOfSeparators(b, j)
    const separators = nextI - i - (nextJ - j)
    i = nextI
    j = nextJ
    if (i === a.length || j === b.length) break
    if (separators !== 0) return separators < 0 ? -1 : 1
    const digits = isDigit(a.charCodeAt(i))
    if (digits !== isDigit(b.charCodeAt(j))) return digits ? 1 : -1
    const endI = digits ? endOfDigits(a, i) : endOfLetters(a, i)
    const endJ = digits ? endOfDigits(b, j) : endOfLetters(b, j)
    if (digits) {
      while (i < endI && a.charCodeAt(i) === ZERO) i++
      while (j < endJ && b.charCodeAt(j) === ZERO) j++
      // The longer run is the larger number, however long: no number type overflows here.
      if (endI - i !== endJ - j) return endI - i < endJ - j ? -1 : 1
    }
    while (i < endI && j < endJ) {
      const difference = a.charCodeAt(i++) - b.charCodeAt(j++)
      if (difference !== 0) return difference < 0 ? -1 : 1
    }
    if (i < endI) return 1
    if (j < endJ) return -1
  }
  if (i === a.length && j === b.length) return 0
  if (i === a.length) return isLetter(b.charCodeAt(j)) ? 1 : -1
  return isLetter(a.charCodeAt(i)) ? -1 : 1
}
