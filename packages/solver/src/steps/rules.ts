import type { Dependencies, Relation } from '@holotype/formats'
import { fail } from '../errors.ts'
import { CONDITION_CLAUSES } from '../limits.ts'
import { enemies, obsoletedBy, rivals, satisfiers } from '../matching.ts'
import { relationText } from '../relation-text.ts'
import type { Literal } from '../search.ts'
import { prepareUniverse } from '../universe.ts'
import type { CandidateId, Universe } from '../types.ts'
import type { ClosedStepsOptions, StepPackage, Tie } from './types.ts'

/** A package of either side. One that is on both has no variable: it never moves. */
export interface Member {
  readonly package: StepPackage
  readonly change: 'comes' | 'goes' | 'stays'
}

/** What must hold after every step. Variables are places among the members + 1; true: the member has moved. */
export interface Rule {
  readonly literals: readonly Literal[]
  readonly tie: Tie
}

/** What each package says of its members, as clauses. A rule that does not hold on both sides is none: nothing is asked in between that is not asked at the ends. */
export function rulesOf(options: ClosedStepsOptions): { readonly members: Member[]; readonly rules: Rule[] } {
  const members = membersOf(options)
  const universe = prepareUniverse({
    format: options.format,
    architecture: options.architecture,
    candidates: members.map(({ package: { candidate }, change }) => ({ ...candidate, from: change, priority: 0 })),
  })
  const rules = new Map<string, Rule>()
  const add = (tie: Tie, present: readonly number[], absent: readonly number[] = []) => {
    const stays = (place: number) => members[place]?.change === 'stays'
    if (present.some(stays)) return
    const moved = (place: number): Literal => (members[place]?.change === 'comes' ? place + 1 : -(place + 1))
    const literals = [
      ...present.map(moved),
      ...absent.filter((place) => !stays(place)).map((place) => -moved(place)),
    ].sort((a, b) => a - b)
    const holdsAtBothEnds = literals.some((literal) => literal < 0) && literals.some((literal) => literal > 0)
    const key = literals.join(' ')
    if (holdsAtBothEnds && !rules.has(key)) rules.set(key, { literals: [...new Set(literals)], tie })
  }
  for (const [id, { package: own }] of members.entries()) addRelations(universe, id, own, add)
  addSonames(members, add)
  addPaths(members, options, add)
  addSuccessors(members, options, add)
  return { members, rules: [...rules.values()] }
}

type Add = (tie: Tie, present: readonly number[], absent?: readonly number[]) => void

function membersOf({ before, after }: ClosedStepsOptions): Member[] {
  const fileOf = ({ candidate: { record } }: StepPackage) => `${record.name} ${record.architecture} ${record.sha256}`
  const old = new Set(before.map(fileOf))
  const next = new Set(after.map(fileOf))
  return [
    ...before.map((item): Member => ({ package: item, change: next.has(fileOf(item)) ? 'stays' : 'goes' })),
    ...after.filter((item) => !old.has(fileOf(item))).map((item): Member => ({ package: item, change: 'comes' })),
  ]
}

function addRelations(universe: Universe, id: CandidateId, own: StepPackage, add: Add): void {
  const { record } = own.candidate
  for (const group of [...record.preDepends, ...record.depends]) {
    const tie = { kind: 'needs', package: record.name, relation: relationText(group) } as const
    const { any, none } = choices(universe, group, record.architecture)
    // A condition fails as long as any of its candidates is there: a clause for each way in which all of them fail.
    for (const way of ways(none)) add(tie, any, [id, ...way])
  }
  const against = [
    ...[...record.conflicts, ...record.breaks].flatMap((relation) => enemies(universe, id, relation)),
    ...(record.obsoletes ?? []).flatMap((relation) => obsoletedBy(universe, id, relation)),
    ...rivals(universe, id, new Set()),
  ]
  for (const other of new Set(against)) {
    const tie = { kind: 'against', package: record.name, other: universe.candidate(other).record.name } as const
    if (other !== id) add(tie, [], [id, other])
  }
}

function choices(
  universe: Universe,
  group: Dependencies[number],
  architecture: string,
): { readonly any: CandidateId[]; readonly none: CandidateId[][] } {
  const found = (relation: Relation) => satisfiers(universe, relation, architecture)
  return {
    any: group.filter(({ negated }) => !negated).flatMap(found),
    none: group.filter(({ negated }) => negated).map(found),
  }
}

/** @throws RESOLVE_LIMIT */
function ways(lists: readonly (readonly CandidateId[])[]): CandidateId[][] {
  if (lists.reduce((count, { length }) => count * length, 1) > CONDITION_CLAUSES)
    throw fail('RESOLVE_LIMIT', { what: `a relation holds under more than ${CONDITION_CLAUSES} conditions` })
  return lists.reduce<CandidateId[][]>((heads, list) => heads.flatMap((head) => list.map((id) => [...head, id])), [[]])
}

function addSonames(members: readonly Member[], add: Add): void {
  const providers = placesBy(members, ({ sonames }) => sonames.provided)
  for (const [place, { package: own }] of members.entries()) {
    for (const soname of own.sonames.needed)
      add({ kind: 'soname', package: own.candidate.record.name, soname }, providers.get(soname) ?? [], [place])
  }
  for (const [name, places] of providers) add({ kind: 'lasting', what: 'soname', name }, places)
}

/** A path is one package's, unless what lies there is the same or one replaces the other's files. */
function addPaths(members: readonly Member[], { format }: ClosedStepsOptions, add: Add): void {
  const replaces = (one: StepPackage, other: StepPackage) =>
    one.candidate.record.replaces.some(
      ({ name, operator, version }) =>
        name === other.candidate.record.name &&
        (operator === undefined ||
          version === undefined ||
          format.satisfies(other.candidate.record.version, operator, version)),
    )
  for (const [path, places] of placesBy(members, ({ files }) => [...files.keys()])) {
    if (places.length < 2) continue
    for (const [at, place] of places.entries()) {
      for (const rival of places.slice(at + 1)) {
        const [one, other] = [members[place]?.package, members[rival]?.package]
        if (!one || !other || one.files.get(path) === other.files.get(path)) continue
        if (replaces(one, other) || replaces(other, one)) continue
        const [name, otherName] = [one.candidate.record.name, other.candidate.record.name]
        add({ kind: 'path', package: otherName, other: name, path }, [], [place, rival])
      }
    }
    const holders = places.filter((place) => !members[place]?.package.files.get(path)?.startsWith('directory'))
    add({ kind: 'lasting', what: 'path', name: path }, holders)
  }
}

function addSuccessors(members: readonly Member[], { successors = new Map() }: ClosedStepsOptions, add: Add): void {
  const coming = placesBy(members, ({ candidate }) => [candidate.record.name])
  for (const [place, { package: own, change }] of members.entries()) {
    if (change !== 'goes') continue
    const { name } = own.candidate.record
    const names = [name, ...(successors.get(name) ?? [])]
    const next = names.flatMap((each) => coming.get(each) ?? []).filter((other) => members[other]?.change !== 'goes')
    add({ kind: 'lasting', what: 'package', name }, [place, ...next])
  }
}

function placesBy(
  members: readonly Member[],
  keys: (item: StepPackage) => readonly string[],
): Map<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [place, { package: item }] of members.entries()) {
    for (const key of new Set(keys(item))) {
      const places = found.get(key)
      if (places) places.push(place)
      else found.set(key, [place])
    }
  }
  return found
}
