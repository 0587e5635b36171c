import { fail } from '../errors.ts'
import type { Ordering, ParsedVersion } from '../types.ts'
import { isGlob, matchesGlob } from './glob.ts'
import { componentsOf, nextComponent, type VersionCursor } from './dewey.ts'

/**
 * Splits `1.2_3` into version and revision. Only a run of digits after the last `_` is a revision; anything else stays in `upstream`, where
 * it is ordered all the same.
 */
export function parseVersion(text: string): ParsedVersion {
  const underscore = text.lastIndexOf('_')
  if (underscore < 0 || !isDigits(text, underscore + 1)) return { epoch: 0, upstream: text, revision: '' }
  return { epoch: 0, upstream: text.slice(0, underscore), revision: text.slice(underscore + 1) }
}

/** The order of two split versions: components one by one, one that is missing being 0, then the revision. */
export function compareParsed(a: ParsedVersion, b: ParsedVersion): Ordering {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  const left = componentsOf(a.upstream)
  const right = componentsOf(b.upstream)
  const order = compareComponents(left, right)
  if (order !== 0) return order
  if (a.revision === '' && b.revision === '')
    return compareNumbers(
      left.text,
      left.revisionBegin,
      left.revisionEnd,
      right.text,
      right.revisionBegin,
      right.revisionEnd,
    )
  const [leftText, leftBegin, leftEnd] = revisionOf(a, left)
  const [rightText, rightBegin, rightEnd] = revisionOf(b, right)
  return compareNumbers(leftText, leftBegin, leftEnd, rightText, rightBegin, rightEnd)
}

/**
 * The order that `xbps-uhelper cmpver` gives two versions (`1.2_1`, without a name). Total. Numbers are compared by value however long they
 * are; xbps itself reads them into a C int, where what lies beyond 2^31-1 wraps round and two versions may compare in either way.
 */
export function compareVersions(a: string, b: string): Ordering {
  if (a === b) return 0
  const left = componentsOf(a)
  const right = componentsOf(b)
  const order = compareComponents(left, right)
  if (order !== 0) return order
  return compareNumbers(
    left.text,
    left.revisionBegin,
    left.revisionEnd,
    right.text,
    right.revisionBegin,
    right.revisionEnd,
  )
}

/**
 * True if `version` stands in `operator` relation to `wanted`. With `=` what is wanted may be a glob of fnmatch(3).
 * @throws RELATION_MALFORMED for an operator that xbps does not have
 */
export function satisfies(version: string, operator: string, wanted: string): boolean {
  switch (operator) {
    case '<':
      return compareVersions(version, wanted) < 0
    case '<=':
      return compareVersions(version, wanted) <= 0
    case '=':
      return isGlob(wanted) ? matchesGlob(wanted, version) : compareVersions(version, wanted) === 0
    case '>=':
      return compareVersions(version, wanted) >= 0
    case '>':
      return compareVersions(version, wanted) > 0
    default:
      throw fail('RELATION_MALFORMED', { what: `"${operator}" is no relation between versions in xbps: < <= = >= >` })
  }
}

function compareComponents(left: VersionCursor, right: VersionCursor): Ordering {
  for (;;) {
    const more = nextComponent(left)
    if (!nextComponent(right) && !more) return 0
    // Beyond 2^53 a sum of digits is no longer exact: then the digits decide.
    if (left.value === right.value && left.value <= Number.MAX_SAFE_INTEGER) continue
    if (left.value <= Number.MAX_SAFE_INTEGER || right.value <= Number.MAX_SAFE_INTEGER)
      return left.value < right.value ? -1 : 1
    const order = compareNumbers(left.text, left.begin, left.at, right.text, right.begin, right.at)
    if (order !== 0) return order
  }
}

/** Two runs of digits by value; an empty one is 0. */
function compareNumbers(a: string, aBegin: number, aEnd: number, b: string, bBegin: number, bEnd: number): Ordering {
  let i = aBegin
  let j = bBegin
  while (i < aEnd && a.charCodeAt(i) === ZERO) i++
  while (j < bEnd && b.charCodeAt(j) === ZERO) j++
  if (aEnd - i !== bEnd - j) return aEnd - i < bEnd - j ? -1 : 1
  for (; i < aEnd; i++, j++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(j)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return 0
}

function revisionOf(version: ParsedVersion, cursor: VersionCursor): [text: string, begin: number, end: number] {
  return version.revision === ''
    ? [cursor.text, cursor.revisionBegin, cursor.revisionEnd]
    : [version.revision, 0, version.revision.length]
}

const ZERO = 48

function isDigits(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > 57) return false
  }
  return from < text.length
}
