import type { Relation } from '@holotype/formats'
import type { CandidateId, Universe } from './types.ts'
import { isNative } from './universe.ts'

/**
 * The candidates that satisfy a relation, the preferred first: packages of that name, then providers by priority and name.
 * `architecture` is that of the package that states the relation (Debian Policy 7.1, 7.5; Multiarch specification, "Dependencies").
 */
export function satisfiers(universe: Universe, relation: Relation, architecture: string): CandidateId[] {
  const real: CandidateId[] = []
  for (const id of universe.byName.get(relation.name) ?? []) {
    const record = recordOf(universe, id)
    if (versionFits(universe, relation, record.version) && architectureFits(universe, relation, id, architecture))
      real.push(id)
  }
  const virtual: CandidateId[] = []
  for (const { candidate, provides } of universe.providers.get(relation.name) ?? []) {
    if (!providesFits(universe, relation, provides)) continue
    if (provides.architecture !== 'any' && !architectureFits(universe, relation, candidate, architecture)) continue
    if (!real.includes(candidate) && !virtual.includes(candidate)) virtual.push(candidate)
  }
  // Sorting is stable: within a name the universe's own order, the newest first, is kept.
  virtual.sort((a, b) => priorityRank(universe, a) - priorityRank(universe, b))
  // A package of the same architecture is preferred to one that is only allowed to stand in for it.
  real.sort((a, b) => Number(isForeignTo(universe, a, architecture)) - Number(isForeignTo(universe, b, architecture)))
  return [...real, ...virtual]
}

/** The candidates that a Conflicts or Breaks of `id` forbids beside it. A package never conflicts with its own name (Policy 7.4). */
export function enemies(universe: Universe, id: CandidateId, relation: Relation): CandidateId[] {
  const { name } = recordOf(universe, id)
  const found: CandidateId[] = []
  const add = (other: CandidateId) => {
    const record = recordOf(universe, other)
    if (record.name === name || found.includes(other) || !sameNamedArchitecture(universe, relation, other)) return
    found.push(other)
  }
  for (const other of universe.byName.get(relation.name) ?? []) {
    if (versionFits(universe, relation, recordOf(universe, other).version)) add(other)
  }
  for (const { candidate, provides } of universe.providers.get(relation.name) ?? []) {
    if (providesFits(universe, relation, provides)) add(candidate)
  }
  return found
}

/** The candidates of the same name that cannot stand beside `id`: any other, but its own version for another architecture if Multi-Arch: same. */
export function rivals(universe: Universe, id: CandidateId): CandidateId[] {
  const own = recordOf(universe, id)
  return (universe.byName.get(own.name) ?? []).filter((other) => {
    if (other === id) return false
    const record = recordOf(universe, other)
    const apart = effectiveOf(universe, other) !== effectiveOf(universe, id) && record.version === own.version
    return !(apart && own.multiArch === 'same' && record.multiArch === 'same')
  })
}

export function recordOf(universe: Universe, id: CandidateId) {
  const candidate = universe.candidates[id]
  if (!candidate) throw new RangeError(`no candidate ${id}`)
  return candidate.record
}

function versionFits({ format }: Universe, { operator, version }: Relation, offered: string): boolean {
  return operator === undefined || version === undefined || format.satisfies(offered, operator, version)
}

/** A versioned relation is satisfied by a versioned Provides alone (Policy 7.5). */
function providesFits(universe: Universe, relation: Relation, provides: Relation): boolean {
  if (relation.operator === undefined) return true
  return provides.version !== undefined && versionFits(universe, relation, provides.version)
}

function architectureFits(universe: Universe, relation: Relation, id: CandidateId, asker: string): boolean {
  const record = recordOf(universe, id)
  const native = universe.architecture
  const effective = effectiveOf(universe, id)
  switch (relation.architecture) {
    case undefined:
      return record.multiArch === 'foreign' || effective === (asker === 'all' ? native : asker)
    case 'any':
      return record.multiArch === 'allowed'
    case 'native':
      return effective === native
    default:
      return effective === relation.architecture
  }
}

/** Negative relations without a qualifier hold against every architecture. */
function sameNamedArchitecture(universe: Universe, { architecture }: Relation, id: CandidateId): boolean {
  if (architecture === undefined || architecture === 'any') return true
  return effectiveOf(universe, id) === (architecture === 'native' ? universe.architecture : architecture)
}

function effectiveOf(universe: Universe, id: CandidateId): string {
  const { architecture } = recordOf(universe, id)
  return architecture === 'all' ? universe.architecture : architecture
}

function isForeignTo(universe: Universe, id: CandidateId, asker: string): boolean {
  const { architecture } = recordOf(universe, id)
  return isNative(asker, universe.architecture)
    ? !isNative(architecture, universe.architecture)
    : architecture !== asker
}

const PRIORITIES = ['required', 'important', 'standard']

function priorityRank(universe: Universe, id: CandidateId): number {
  const rank = PRIORITIES.indexOf(recordOf(universe, id).priority)
  return rank === -1 ? PRIORITIES.length : rank
}
