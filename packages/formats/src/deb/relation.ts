import { fail } from '../errors.ts'
import type { Dependencies, Relation } from '../types.ts'
import { architectureMatches } from './architecture.ts'

/** Relations seen before, by their text: an index repeats a few thousand of them a hundred times each. */
export type RelationCache = Map<string, readonly Relation[]>

/**
 * Parses a binary package's dependency field: `a (>= 1) | b:any, c` (Policy §7.1). Restrictions in `[]` and `<>` belong to source
 * packages alone and are refused.
 * @throws RELATION_MALFORMED
 */
export function parseDependencies(text: string, cache: RelationCache = new Map()): Dependencies {
  const all: (readonly Relation[])[] = []
  for (const clause of text.split(',')) {
    const key = clause.trim()
    if (key === '') continue
    let alternatives = cache.get(key)
    if (!alternatives) {
      alternatives = key.split('|').map((piece) => plainRelation(piece))
      cache.set(key, alternatives)
    }
    all.push(alternatives)
  }
  return all
}

/**
 * Parses a field that has no alternatives: Provides, Conflicts, Breaks, Replaces.
 * @throws RELATION_MALFORMED
 */
export function parseRelations(text: string, cache: RelationCache = new Map()): readonly Relation[] {
  return parseDependencies(text, cache).map((alternatives) => {
    const [relation, more] = alternatives
    if (relation === undefined || more !== undefined)
      throw fail('RELATION_MALFORMED', { what: `"${text.slice(0, 200)}" may hold no alternatives` })
    return relation
  })
}

/**
 * Parses Build-Depends and its like for a build on `architecture` (also the build's host) under `profiles`: relations whose
 * `[architectures]` or `<profiles>` do not hold are left out, with a clause that has none left (Policy §7.1, BuildProfileSpec).
 * @throws RELATION_MALFORMED
 */
export function parseBuildDependencies(
  text: string,
  architecture: string,
  profiles: readonly string[] = [],
): Dependencies {
  return text
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
    .map((clause) =>
      clause
        .split('|')
        .map(parseRestricted)
        .filter(
          ({ architectures, formulas }) =>
            architecturesHold(architectures, architecture) && profilesHold(formulas, profiles),
        )
        .map(({ relation }) => relation),
    )
    .filter((alternatives) => alternatives.length > 0)
}

/** A field's canonical text, as dpkg writes it into its status file. */
export function renderDependencies(dependencies: Dependencies): string {
  return dependencies.map((alternatives) => alternatives.map(renderRelation).join(' | ')).join(', ')
}

function renderRelation({ name, architecture, operator, version }: Relation): string {
  const qualified = architecture === undefined ? name : `${name}:${architecture}`
  return operator === undefined || version === undefined ? qualified : `${qualified} (${operator} ${version})`
}

interface Restricted {
  readonly relation: Relation
  /** `[amd64 linux-any]` or, all negated, `[!hurd-i386]`. */
  readonly architectures: readonly string[]
  /** `<a !b> <c>`: of the outer list one must hold, of each inner list all. */
  readonly formulas: readonly (readonly string[])[]
}

const NAME = '([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9][a-z0-9-]*))?'
const VERSION = '(?:\\s*\\(\\s*(<<|<=|=|>=|>>|<|>)\\s*([A-Za-z0-9.+:~-]+)\\s*\\))?'
const RELATION = new RegExp(`^${NAME}${VERSION}$`)
const RESTRICTED = new RegExp(`^${NAME}${VERSION}\\s*(?:\\[([^\\]]*)\\]\\s*)?((?:<[^<>]*>\\s*)*)$`)

function plainRelation(piece: string): Relation {
  const match = RELATION.exec(piece.trim())
  if (!match) throw malformed(piece)
  return relationOf(match)
}

function parseRestricted(piece: string): Restricted {
  const match = RESTRICTED.exec(piece.trim())
  if (!match) throw malformed(piece)
  const architectures = words(match[5] ?? '')
  const negated = architectures.filter((word) => word.startsWith('!')).length
  if (negated !== 0 && negated !== architectures.length) throw malformed(piece)
  const formulas = [...(match[6] ?? '').matchAll(/<([^<>]*)>/g)].map((formula) => words(formula[1] ?? ''))
  return { relation: relationOf(match), architectures, formulas }
}

function relationOf(match: RegExpExecArray): Relation {
  const [, name = '', architecture, operator, version] = match
  return {
    name,
    ...(operator === undefined ? {} : { operator: modern(operator) }),
    ...(version === undefined ? {} : { version }),
    ...(architecture === undefined ? {} : { architecture }),
  }
}

function modern(operator: string): string {
  return operator === '<' || operator === '>' ? `${operator}=` : operator
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function architecturesHold(restrictions: readonly string[], architecture: string): boolean {
  if (restrictions.length === 0) return true
  const negated = restrictions[0]?.startsWith('!') ?? false
  const named = restrictions.some((word) => architectureMatches(architecture, word.replace(/^!/, '')))
  return negated ? !named : named
}

function profilesHold(formulas: readonly (readonly string[])[], profiles: readonly string[]): boolean {
  const holds = (word: string) => (word.startsWith('!') ? !profiles.includes(word.slice(1)) : profiles.includes(word))
  return formulas.length === 0 || formulas.some((formula) => formula.every(holds))
}

function malformed(piece: string): Error {
  return fail('RELATION_MALFORMED', { what: `"${piece.trim().slice(0, 200)}" is no relation to a package` })
}
