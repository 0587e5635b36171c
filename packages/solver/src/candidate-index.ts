import type { PackageRecord, Relation } from '@holotype/formats'
import type { Language } from './languages.ts'
import type { Candidate } from './lock.ts'
import type { Catalogue } from './types.ts'

/** By what candidates are looked up. `provides`: Provides, files that some relation names, sonames. */
export type LookUp = 'name' | 'provides' | 'group' | 'obsoletes' | 'supplements'

/** Candidates by place, from 0. Look-ups may give more than what matches, never less. */
export interface CandidateIndex {
  readonly size: number
  readonly essential: readonly number[]
  candidate(place: number): Candidate
  find(by: LookUp, name: string): readonly number[]
  names(): Iterable<string>
}

const NONE: readonly number[] = []

/** A catalogue's index: records are parsed when they are asked for, once. */
export function indexOfCatalogue({ index, from, priority }: Catalogue): CandidateIndex {
  const known = new Map<number, Candidate>()
  return {
    size: index.size,
    essential: index.essential,
    names: () => index.names(),
    candidate(place) {
      const before = known.get(place)
      if (before) return before
      const candidate = { record: index.record(place), from, priority }
      known.set(place, candidate)
      return candidate
    },
    find(by, name) {
      if (by === 'name') return index.named(name)
      if (by === 'provides') return index.providing(name)
      if (by === 'obsoletes') return index.obsoleting?.(name) ?? NONE
      return by === 'supplements' ? (index.supplementing?.(name) ?? NONE) : NONE
    },
  }
}

/** An index of records that are at hand. */
export function indexOfList(candidates: readonly Candidate[], language: Language): CandidateIndex {
  const maps: Readonly<Record<LookUp, Map<string, number[]>>> = {
    name: new Map(),
    provides: new Map(),
    group: new Map(),
    obsoletes: new Map(),
    supplements: new Map(),
  }
  const essential: number[] = []
  const paths = language.files ? pathsNamed(candidates) : undefined
  for (const [place, { record }] of candidates.entries()) {
    list(maps.name, record.name, place)
    if (record.essential) essential.push(place)
    for (const { name } of record.provides) list(maps.provides, name, place)
    for (const soname of record.shlibProvides ?? NO_NAMES) list(maps.provides, soname, place)
    if (paths) for (const path of record.files ?? NO_NAMES) if (paths.has(path)) list(maps.provides, path, place)
    for (const group of record.groups ?? NO_NAMES) list(maps.group, group, place)
    for (const { name } of record.obsoletes ?? NO_RELATIONS) list(maps.obsoletes, name, place)
    for (const group of record.supplements ?? NO_GROUPS)
      for (const { name, negated } of group) if (!negated) list(maps.supplements, name, place)
  }
  return {
    size: candidates.length,
    essential,
    names: () => maps.name.keys(),
    candidate(place) {
      const candidate = candidates[place]
      if (!candidate) throw new RangeError(`no candidate ${place}`)
      return candidate
    },
    find(by, name) {
      const found = maps[by].get(name)
      // A path that a request alone names was not listed above.
      if (!found && paths && by === 'provides' && name.startsWith('/') && !paths.has(name))
        return candidates.flatMap(({ record }, place) => (record.files?.includes(name) ? [place] : []))
      return found ?? NONE
    },
  }
}

const NO_NAMES: readonly string[] = []
const NO_RELATIONS: readonly Relation[] = []
const NO_GROUPS: readonly (readonly Relation[])[] = []

/** Of the million paths of an index some hundreds are named by relations: only those are worth a place in the map. */
function pathsNamed(candidates: readonly Candidate[]): ReadonlySet<string> {
  const paths = new Set<string>()
  const note = (relation: Relation) => {
    if (relation.name.charCodeAt(0) === SLASH) paths.add(relation.name)
    relation.with?.forEach(note)
    relation.without?.forEach(note)
  }
  for (const { record } of candidates) for (const group of groupsOf(record)) group.forEach(note)
  return paths
}

const SLASH = 47

function groupsOf(record: PackageRecord): (readonly Relation[])[] {
  const { depends, preDepends, recommends, supplements = NO_GROUPS, conflicts, breaks } = record
  return [...depends, ...preDepends, ...recommends, ...supplements, conflicts, breaks]
}

/** The same candidate twice in a row is listed once. */
function list(map: Map<string, number[]>, key: string, place: number): void {
  const known = map.get(key)
  if (!known) map.set(key, [place])
  else if (known.at(-1) !== place) known.push(place)
}
