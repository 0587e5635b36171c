import { fail } from '../errors.ts'
import type { Dependencies, Relation } from '../types.ts'

/** Relations seen before, by their text: an index repeats a few thousand of them a hundred times each. Each stands alone in its list of alternatives. */
export type RelationCache = Map<string, readonly [Relation]>

/**
 * Parses relations as PKGBUILD(5) writes them, separated by white space: `glibc>=2.36 sh libssl.so=3-64`. All must hold; there are no alternatives.
 * @throws RELATION_MALFORMED
 */
export function parseDependencies(text: string, cache: RelationCache = new Map()): Dependencies {
  return text
    .split(/\s+/)
    .filter((piece) => piece !== '')
    .map((piece) => clauseOf(piece, cache))
}

/**
 * One relation in a list of alternatives of its own, which is the same list each time its text is met.
 * @throws RELATION_MALFORMED
 */
export function clauseOf(text: string, cache: RelationCache): readonly [Relation] {
  const known = cache.get(text)
  if (known) return known
  const clause = [parseRelation(text)] as const
  cache.set(text, clause)
  return clause
}

/**
 * Parses one relation: `name`, or `name`, an operator and a version without spaces. A soname is a name whose version ends in the ELF class:
 * `libssl.so=3-64`. What follows `: ` is a reason for people (optdepends) and is passed over.
 * @throws RELATION_MALFORMED
 */
export function parseRelation(text: string): Relation {
  const reason = text.indexOf(': ')
  const end = reason < 0 ? text.length : reason
  let at = 0
  while (at < end && !isOperator(text.charCodeAt(at))) at++
  if (at === 0 || hasControl(text)) throw malformed(text)
  if (at === end) return { name: text.slice(0, end) }
  const length = text.charCodeAt(at) !== EQUALS && text.charCodeAt(at + 1) === EQUALS ? 2 : 1
  const version = text.slice(at + length, end)
  if (version === '' || isOperator(version.charCodeAt(0))) throw malformed(text)
  return { name: text.slice(0, at), operator: text.slice(at, at + length), version }
}

/** A relation's canonical text. */
export function renderRelation({ name, operator, version }: Relation): string {
  return operator === undefined || version === undefined ? name : `${name}${operator}${version}`
}

const EQUALS = 61

/** `<`, `=` or `>`. */
function isOperator(code: number): boolean {
  return code >= 60 && code <= 62
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 32) return true
  return false
}

function malformed(text: string): Error {
  return fail('RELATION_MALFORMED', {
    what: `"${text.slice(0, 200)}" is no relation to a package, as "glibc>=2.36" is`,
  })
}
