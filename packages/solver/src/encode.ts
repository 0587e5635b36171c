import type { Dependencies, Relation } from '@holotype/formats'
import { enemies, recordOf, rivals, satisfiers } from './matching.ts'
import type { Wanted } from './request.ts'
import type { GivenClause, Literal } from './search.ts'
import type { CandidateId, Universe } from './types.ts'

/** Why a clause stands. `owner` is undefined for the request itself. */
export type Origin =
  | { readonly kind: 'request' }
  | {
      readonly kind: 'needs'
      readonly owner: CandidateId | undefined
      readonly group: readonly Relation[]
      readonly choices: readonly CandidateId[]
      readonly account: Wanted['account'] | 'package'
    }
  | {
      readonly kind: 'conflict'
      readonly owner: CandidateId
      readonly other: CandidateId
      readonly verb: 'conflicts with' | 'breaks'
      readonly relation: Relation
    }
  | { readonly kind: 'rivals'; readonly one: CandidateId; readonly other: CandidateId }

/** A group of alternatives with the candidates that satisfy it, the preferred first. */
export interface Need {
  readonly group: readonly Relation[]
  readonly choices: readonly CandidateId[]
}

/** What a chosen package (or the request) needs. */
export interface Needs {
  /** Must hold; all choices have one name, so that only a version is chosen. */
  readonly plain: readonly Need[]
  /** Must hold; alternatives or providers. */
  readonly open: readonly Need[]
  /** Recommended. */
  readonly soft: readonly Need[]
  /** All that must hold, in the order of the control file. */
  readonly hard: readonly Need[]
}

/** The encoding of one request over a universe. Variables are candidate + 1; the last one is the request. */
export interface Encoding {
  readonly root: number
  variableOf(id: CandidateId): number
  /** Undefined for the request. */
  candidateOf(variable: number): CandidateId | undefined
  needsOf(variable: number): Needs
  clausesOf(variable: number): GivenClause<Origin>[]
}

export interface EncodingOptions {
  readonly universe: Universe
  readonly wanted: readonly Wanted[]
  readonly recommends: boolean
  readonly excluded: ReadonlySet<string>
  /** True for a version that an earlier lock names. */
  readonly isLocked: (id: CandidateId) => boolean
}

export function encode(options: EncodingOptions): Encoding {
  const { universe, wanted, recommends, excluded, isLocked } = options
  const root = universe.candidates.length + 1
  const known = new Map<number, Needs>()
  const candidateOf = (variable: number) => (variable === root ? undefined : variable - 1)

  const needOf = (group: readonly Relation[], architecture: string): Need => {
    const choices = new Set<CandidateId>()
    for (const relation of group) {
      for (const id of satisfiers(universe, relation, architecture)) {
        if (!excluded.has(recordOf(universe, id).name)) choices.add(id)
      }
    }
    const locked = [...choices].filter(isLocked)
    return { group, choices: [...new Set([...locked, ...choices])] }
  }
  const needsOf = (variable: number): Needs => {
    const before = known.get(variable)
    if (before) return before
    const id = candidateOf(variable)
    const { hard, soft, architecture } = relationsOf(universe, wanted, id)
    const hardNeeds = hard.map((group) => needOf(group, architecture))
    const isPlain = (need: Need) => new Set(need.choices.map((choice) => recordOf(universe, choice).name)).size <= 1
    const needs: Needs = {
      hard: hardNeeds,
      plain: hardNeeds.filter(isPlain),
      open: hardNeeds.filter((need) => !isPlain(need)),
      soft: recommends ? soft.map((group) => needOf(group, architecture)) : [],
    }
    known.set(variable, needs)
    return needs
  }
  const clausesOf = (variable: number): GivenClause<Origin>[] => {
    const owner = candidateOf(variable)
    const clauses: GivenClause<Origin>[] = needsOf(variable).hard.map((need, index) => ({
      literals: [-variable, ...need.choices.map((id): Literal => id + 1)],
      origin: {
        kind: 'needs',
        owner,
        group: need.group,
        choices: need.choices,
        account: owner === undefined ? (wanted[index]?.account ?? 'install') : 'package',
      },
    }))
    return owner === undefined ? clauses : [...clauses, ...forbidden(universe, owner)]
  }
  return { root, variableOf: (id) => id + 1, candidateOf, needsOf, clausesOf }
}

function relationsOf(universe: Universe, wanted: readonly Wanted[], id: CandidateId | undefined) {
  const { architecture } = universe
  if (id === undefined) return { hard: wanted.map(({ group }) => group), soft: [], architecture }
  const record = recordOf(universe, id)
  const hard: Dependencies = [...record.preDepends, ...record.depends]
  return { hard, soft: record.recommends, architecture: record.architecture }
}

/** What cannot stand beside a package. Whoever declares it writes it down; the other side need not. */
function forbidden(universe: Universe, owner: CandidateId): GivenClause<Origin>[] {
  const record = recordOf(universe, owner)
  const clauses: GivenClause<Origin>[] = rivals(universe, owner).map((other) => ({
    literals: [-(owner + 1), -(other + 1)],
    origin: { kind: 'rivals', one: owner, other },
  }))
  const forbid = (relations: readonly Relation[], verb: 'conflicts with' | 'breaks') => {
    for (const relation of relations) {
      for (const other of enemies(universe, owner, relation)) {
        clauses.push({
          literals: [-(owner + 1), -(other + 1)],
          origin: { kind: 'conflict', owner, other, verb, relation },
        })
      }
    }
  }
  forbid(record.conflicts, 'conflicts with')
  forbid(record.breaks, 'breaks')
  return clauses
}
