import { fail } from '../errors.ts'
import type { Dependencies, Relation } from '../types.ts'
import { isOperator, isSpace, parseRich, wordEnd } from './rich.ts'
import { clausesOf } from './rich-clauses.ts'
import { operatorOf } from './sense.ts'
import { senseOf } from './version.ts'

/** Clauses seen before, by their text: an index repeats a few thousand of them many times each. */
export type RelationCache = Map<string, Dependencies>

/** A relation from a header's or an index's three values. An EVR without an operator, or an operator without an EVR, says nothing. */
export function relationOf(name: string, flags: number, evr: string): Relation {
  const operator = operatorOf(flags)
  return operator === undefined || evr === '' ? { name } : { name, operator, version: evr }
}

/** A relation's text: `name >= evr`; with what its package must or must not satisfy besides, as the rich form has it. */
export function renderRelation(relation: Relation): string {
  const { name, operator, version } = relation
  const plain = operator === undefined || version === undefined ? name : `${name} ${operator} ${version}`
  const wanted = relation.with ? `(${[plain, ...relation.with.map(renderRelation)].join(' with ')})` : plain
  return (relation.without ?? []).reduce((text, each) => `(${text} without ${renderRelation(each)})`, wanted)
}

/** A plain `name` or `name >= evr`. @throws RELATION_MALFORMED */
export function parseRelation(text: string): Relation {
  const [clause, ...more] = parseDependencies(text)
  const relation = clause?.length === 1 ? clause[0] : undefined
  if (relation === undefined || more.length > 0 || text.trimStart().startsWith('('))
    throw fail('RELATION_MALFORMED', { what: `"${text.slice(0, 200)}" is no single relation` })
  return relation
}

/**
 * One dependency, plain or rich, as clauses that must all hold.
 * @throws RELATION_MALFORMED
 */
export function clausesOfDependency(name: string, flags: number, evr: string, cache?: RelationCache): Dependencies {
  const rich = name.startsWith('(')
  const key = rich || evr === '' ? name : `${name} ${flags & 0xe} ${evr}`
  const known = cache?.get(key)
  if (known) return known
  const clauses = rich ? clausesOf(parseRich(name)) : [[relationOf(name, flags, evr)]]
  cache?.set(key, clauses)
  return clauses
}

/**
 * A list as a spec file writes it: `a, b >= 1.0-1 (c or d)`, its members parted by commas or blanks. Rich dependencies are brought into
 * clauses.
 * @throws RELATION_MALFORMED
 */
export function parseDependencies(text: string): Dependencies {
  const all: (readonly Relation[])[] = []
  for (const { rich, relation } of pieces(text)) {
    if (rich !== undefined) all.push(...clausesOf(parseRich(rich)))
    else if (relation !== undefined) all.push([relation])
  }
  return all
}

interface Piece {
  readonly rich?: string
  readonly relation?: Relation
}

function* pieces(text: string): Generator<Piece, void, undefined> {
  let at = 0
  const skip = (commas: boolean) => {
    while (at < text.length && (isSpace(text.charAt(at)) || (commas && text.charAt(at) === ','))) at++
  }
  /** A word up to a blank, a comma or an operator that touches it. */
  const word = (): string => {
    const end = wordEnd(text, at)
    const comma = text.slice(at, end).indexOf(',')
    const start = at
    at = comma < 0 ? end : start + comma
    return text.slice(start, at)
  }
  for (skip(true); at < text.length; skip(true)) {
    if (text.charAt(at) === '(') {
      const end = closing(text, at)
      yield { rich: text.slice(at, end) }
      at = end
      continue
    }
    const name = word()
    if (name === '' || isOperator(name)) throw malformed(text, 'a capability', at)
    skip(false)
    if (!isOperator(text.charAt(at))) {
      yield { relation: { name } }
      continue
    }
    const operator = word()
    senseOf(operator)
    skip(false)
    const version = word()
    if (version === '') throw malformed(text, 'a version', at)
    yield { relation: { name, operator, version } }
  }
}

/** Where the parenthesis that opens at `from` closes. */
function closing(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '(') depth++
    else if (character === ')' && --depth === 0) return at + 1
  }
  throw malformed(text, '")"', text.length)
}

function malformed(text: string, expected: string, at: number): Error {
  return fail('RELATION_MALFORMED', { what: `"${text.slice(0, 200)}": expected ${expected} at character ${at}` })
}
