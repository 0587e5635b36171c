import type { Dependencies, PackageRecord, Relation } from '@holotype/formats'
import { fail } from './errors.ts'
import { architectureRank } from './languages.ts'
import { CONDITION_CLAUSES } from './limits.ts'
import { enemies, obsoletedBy, recordOf, rivals, satisfiers } from './matching.ts'
import type { Condition, Need, Needs } from './need.ts'
import type { Choices } from './policy.ts'
import type { Wanted } from './request.ts'
import type { GivenClause, Literal } from './search.ts'
import { supplementsOf } from './supplements.ts'
import type { CandidateId, Universe } from './types.ts'

/** Why a clause stands. `owner` is undefined for the request itself. */
export type Origin =
  | { readonly kind: 'request' }
  | {
      readonly kind: 'needs'
      readonly owner: CandidateId | undefined
      readonly group: readonly Relation[]
      readonly choices: readonly CandidateId[]
      readonly account: Need['account']
    }
  | {
      readonly kind: 'conflict'
      readonly owner: CandidateId
      readonly other: CandidateId
      readonly verb: 'conflicts with' | 'breaks' | 'obsoletes'
      readonly relation: Relation
    }
  | { readonly kind: 'rivals'; readonly one: CandidateId; readonly other: CandidateId }
  /** A candidate that is ruled out for this search alone. */
  | { readonly kind: 'ruled-out'; readonly other: CandidateId }

/** The encoding of one request over a universe. Variables are candidate + 1; the last one is the request. */
export interface Encoding {
  readonly root: number
  variableOf(id: CandidateId): number
  /** Undefined for the request. */
  candidateOf(variable: number): CandidateId | undefined
  needsOf(variable: number): Needs
  /** Needs of others that are there only while this variable is true: they are looked at again when it becomes so. */
  awaiting(variable: number): Needs
  clausesOf(variable: number): GivenClause<Origin>[]
}

export interface EncodingOptions {
  readonly universe: Universe
  readonly wanted: readonly Wanted[]
  readonly recommends: boolean
  readonly choices: Choices
}

const NOTHING: Needs = { plain: [], open: [], soft: [], hard: [] }

export function encode(options: EncodingOptions): Encoding {
  const { universe, wanted, recommends, choices } = options
  const root = universe.size + 1
  const known = new Map<number, Needs>()
  const awaited = new Map<number, { plain: Need[]; open: Need[]; soft: Need[]; hard: Need[] }>()
  const candidateOf = (variable: number) => (variable === root ? undefined : variable - 1)
  const allowed = (id: CandidateId) => choices.barred(id) === undefined

  /** Undefined where the group holds whatever is chosen: a negated relation that no candidate satisfies. */
  const needOf = (owner: number, group: readonly Relation[], architecture: string, own?: Wanted): Need | undefined => {
    const found = new Set<CandidateId>()
    const conditions: Condition[] = []
    for (const relation of group) {
      if (relation.negated) {
        const any = satisfiers(universe, relation, architecture).filter(allowed)
        if (any.length === 0) return undefined
        conditions.push({ any })
      } else for (const id of choicesFor(universe, relation, architecture, own)) if (allowed(id)) found.add(id)
    }
    const list = own?.instead ? withInstead(universe, [...found], own.instead.filter(allowed)) : [...found]
    const locked = list.filter(choices.isLocked)
    return {
      group,
      choices: locked.length === 0 ? list : [...new Set([...locked, ...list])],
      owner,
      account: own?.account ?? 'package',
      conditions,
    }
  }
  const wait = (need: Need, kinds: readonly (keyof Needs)[]) => {
    for (const id of need.conditions.flatMap(({ any }) => any)) {
      const lists = awaited.get(id + 1) ?? { plain: [], open: [], soft: [], hard: [] }
      awaited.set(id + 1, lists)
      for (const kind of kinds) lists[kind].push(need)
    }
  }
  const needsOf = (variable: number): Needs => {
    const before = known.get(variable)
    if (before) return before
    const id = candidateOf(variable)
    const { hard, soft, architecture } = relationsOf(universe, wanted, id)
    const needs = (groups: Dependencies) =>
      groups.flatMap(
        (group, at) => needOf(variable, group, architecture, id === undefined ? wanted[at] : undefined) ?? [],
      )
    const hardNeeds = needs(hard)
    const result: Needs = {
      hard: hardNeeds,
      plain: hardNeeds.filter((need) => isPlain(universe, need)),
      open: hardNeeds.filter((need) => !isPlain(universe, need)),
      soft: recommends
        ? [...needs(soft), ...(id === undefined ? [] : supplementsOf(universe, id, variable, allowed))]
        : [],
    }
    known.set(variable, result)
    for (const need of result.plain) if (need.conditions.length > 0) wait(need, ['hard', 'plain'])
    for (const need of result.open) if (need.conditions.length > 0) wait(need, ['hard', 'open'])
    for (const need of result.soft) if (need.conditions.length > 0) wait(need, ['soft'])
    return result
  }
  const clausesOf = (variable: number): GivenClause<Origin>[] => {
    const owner = candidateOf(variable)
    const clauses = needsOf(variable).hard.flatMap((need) => needClauses(universe, need, owner))
    return owner === undefined ? clauses : [...clauses, ...forbidden(universe, owner, choices.several)]
  }
  return {
    root,
    variableOf: (id) => id + 1,
    candidateOf,
    needsOf,
    awaiting: (variable) => awaited.get(variable) ?? NOTHING,
    clausesOf,
  }
}

/**
 * What a relation may be satisfied by. Who asks for a package by name wants that package and no stand-in, and for the architecture that suits the
 * machine best (as apt, pacman and dnf install what is named).
 */
function choicesFor(universe: Universe, relation: Relation, architecture: string, own?: Wanted): CandidateId[] {
  const found = satisfiers(universe, relation, architecture)
  if (own === undefined || own.account === 'extra') return found
  const rank = (id: CandidateId) =>
    architectureRank(universe.language, universe.architecture, recordOf(universe, id).architecture) ?? 0
  const isNamed = universe.named(relation.name).length > 0
  const meant = found.filter(
    (id) => (!isNamed || recordOf(universe, id).name === relation.name) && (own.among?.includes(id) ?? true),
  )
  const best = Math.min(...meant.map(rank))
  return meant.filter((id) => rank(id) === best)
}

/** An obsoleter stands before what it obsoletes, after everything else. */
function withInstead(universe: Universe, list: readonly CandidateId[], instead: readonly CandidateId[]): CandidateId[] {
  const obsoleted = new Set(
    instead.flatMap((id) => (recordOf(universe, id).obsoletes ?? []).flatMap((one) => obsoletedBy(universe, id, one))),
  )
  return [
    ...new Set([...list.filter((id) => !obsoleted.has(id)), ...instead, ...list.filter((id) => obsoleted.has(id))]),
  ]
}

function isPlain(universe: Universe, { choices }: Need): boolean {
  return new Set(choices.map((choice) => recordOf(universe, choice).name)).size <= 1
}

/** One clause; with conditions one for each way in which all of them may hold. @throws RESOLVE_LIMIT */
function needClauses(universe: Universe, need: Need, owner: CandidateId | undefined): GivenClause<Origin>[] {
  let heads: Literal[][] = [[-need.owner]]
  for (const { any } of need.conditions) {
    if (heads.length * any.length > CONDITION_CLAUSES)
      throw fail('RESOLVE_LIMIT', {
        what: `a relation of ${owner === undefined ? 'the request' : recordOf(universe, owner).name} holds under more than ${CONDITION_CLAUSES} conditions`,
      })
    heads = heads.flatMap((head) => any.map((id) => [...head, -(id + 1)]))
  }
  const { group, choices, account } = need
  const wanted = choices.map((id): Literal => id + 1)
  return heads.map((head) => ({
    literals: [...head, ...wanted],
    origin: { kind: 'needs', owner, group, choices, account },
  }))
}

function relationsOf(universe: Universe, wanted: readonly Wanted[], id: CandidateId | undefined) {
  const { architecture } = universe
  if (id === undefined) return { hard: wanted.map(({ group }) => group), soft: [], architecture }
  const record = recordOf(universe, id)
  return { hard: hardRelations(record), soft: record.recommends, architecture: record.architecture }
}

function hardRelations({ preDepends, depends, shlibRequires }: PackageRecord): Dependencies {
  const sonames = (shlibRequires ?? []).map((name): readonly Relation[] => [{ name }])
  return preDepends.length + sonames.length === 0 ? depends : [...preDepends, ...depends, ...sonames]
}

/** What cannot stand beside a package. Whoever declares it writes it down; the other side need not. */
function forbidden(universe: Universe, owner: CandidateId, several: ReadonlySet<string>): GivenClause<Origin>[] {
  const record = recordOf(universe, owner)
  const clauses: GivenClause<Origin>[] = rivals(universe, owner, several).map((other) => ({
    literals: [-(owner + 1), -(other + 1)],
    origin: { kind: 'rivals', one: owner, other },
  }))
  type Verb = Extract<Origin, { kind: 'conflict' }>['verb']
  const forbid = (relation: Relation, verb: Verb, others: readonly CandidateId[]) => {
    for (const other of others)
      clauses.push({
        literals: [-(owner + 1), -(other + 1)],
        origin: { kind: 'conflict', owner, other, verb, relation },
      })
  }
  for (const relation of record.conflicts) forbid(relation, 'conflicts with', enemies(universe, owner, relation))
  for (const relation of record.breaks) forbid(relation, 'breaks', enemies(universe, owner, relation))
  if (universe.language.obsoletesForbid)
    for (const relation of record.obsoletes ?? []) forbid(relation, 'obsoletes', obsoletedBy(universe, owner, relation))
  return clauses
}
