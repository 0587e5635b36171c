import { fail } from '../errors.ts'
import type { Dependencies, Relation } from '../types.ts'
import { isGlob } from './glob.ts'
import { isName, splitPkgver } from './pkgver.ts'

/**
 * Parses a list of package patterns, separated by blanks as xbps-create(1) takes them. There are no alternatives: each outer entry has one
 * relation.
 * @throws RELATION_MALFORMED
 */
export function parseDependencies(text: string): Dependencies {
  return text
    .split(/[ \t\n]+/)
    .filter((pattern) => pattern !== '')
    .map((pattern) => [parsePattern(pattern)])
}

/**
 * Parses one pattern (xbps-install(1), "PACKAGE EXPRESSION", and the ranges and globs that its library knows besides):
 *
 * - `foo>=1.2`, `foo<2`, `foo>1<=2`: versions in dewey's order. The upper bound of a range stands in `with`: one package satisfies both.
 * - `foo-1.2_1`: this version.
 * - `foo-1.[0-9]*`: versions that match the glob, which stays as the version of `=`. `foo-[0-9]*`, any version, is `foo` alone.
 * - `foo`: any version. Also `foo-1.2`: without a revision it is no version.
 *
 * xbps compares a whole `foo-1.2_1` as text where this relation compares versions: `1.02_1` is not `1.2_1` to xbps.
 * @throws RELATION_MALFORMED
 */
export function parsePattern(pattern: string): Relation {
  const sign = pattern.search(/[<>]/)
  if (sign >= 0) return dewey(pattern, sign)
  if (isGlob(pattern)) return glob(pattern)
  const pkgver = splitPkgver(pattern)
  if (pkgver) return { name: pkgver.name, operator: '=', version: pkgver.version }
  return { name: checkedName(pattern, pattern) }
}

/** A relation as a pattern: what {@link parsePattern} reads. */
export function renderPattern({ name, operator, version, with: bounds }: Relation): string {
  if (operator === undefined || version === undefined) return name
  const first = operator === '=' ? `-${version}` : `${operator}${version}`
  return name + first + (bounds ?? []).map((bound) => `${bound.operator}${bound.version}`).join('')
}

/** Patterns seen before, by their text: an index repeats a few thousand of them many times each. */
export type RelationCache = Map<string, readonly Relation[]>

/** A pattern's relation in a list of its own, shared. @throws RELATION_MALFORMED */
export function sharedPattern(pattern: string, cache: RelationCache): readonly Relation[] {
  let known = cache.get(pattern)
  if (!known) {
    known = [parsePattern(pattern)]
    cache.set(pattern, known)
  }
  return known
}

function dewey(pattern: string, sign: number): Relation {
  const name = checkedName(pattern.slice(0, sign), pattern)
  const [operator, version, rest] = bound(pattern, sign)
  if (rest === pattern.length) return { name, operator, version }
  // Only a lower bound may be followed by an upper one.
  const [upper, limit, end] = bound(pattern, rest)
  if (!operator.startsWith('>') || !upper.startsWith('<') || end !== pattern.length) throw malformed(pattern)
  return { name, operator, version, with: [{ name, operator: upper, version: limit }] }
}

function bound(pattern: string, at: number): [operator: string, version: string, end: number] {
  const begin = pattern[at + 1] === '=' ? at + 2 : at + 1
  let end = begin
  while (end < pattern.length && !'<>'.includes(pattern.charAt(end))) end++
  const version = pattern.slice(begin, end)
  if (!/^[!-~]+$/.test(version) || version.includes('=')) throw malformed(pattern)
  return [pattern.slice(at, begin), version, end]
}

function glob(pattern: string): Relation {
  const first = pattern.search(/[*?[\]]/)
  const dash = pattern.lastIndexOf('-', first)
  if (dash <= 0) throw malformed(pattern)
  const name = checkedName(pattern.slice(0, dash), pattern)
  const version = pattern.slice(dash + 1)
  if (!/^[!-~]+$/.test(version)) throw malformed(pattern)
  return version === '[0-9]*' || version === '*' ? { name } : { name, operator: '=', version }
}

function checkedName(name: string, pattern: string): string {
  if (!isName(name)) throw malformed(pattern)
  return name
}

function malformed(pattern: string): Error {
  return fail('RELATION_MALFORMED', { what: `${JSON.stringify(pattern.slice(0, 200))} is no package pattern of xbps` })
}
