import type { PackageRecord, Relation } from '@holotype/formats'
import { architectureRank } from './languages.ts'
import type { CandidateId, Universe } from './types.ts'

/**
 * The candidates that satisfy a relation, the preferred first: packages of that name, then providers: the preferred version of a package before any
 * package in an older one, then by their source's priority, their own Priority, and name. What another candidate obsoletes comes last where the
 * language has it so.
 * `architecture` is that of the package that states the relation (Debian Policy 7.1, 7.5; Multiarch specification, "Dependencies").
 */
export function satisfiers(universe: Universe, relation: Relation, architecture: string): CandidateId[] {
  const real: CandidateId[] = []
  for (const id of universe.named(relation.name)) {
    if (
      versionFits(universe, relation, recordOf(universe, id).version) &&
      architectureFits(universe, relation, id, architecture)
    )
      real.push(id)
  }
  const virtual: CandidateId[] = []
  for (const { candidate, provides } of universe.providing(relation.name)) {
    if (!providesFits(universe, relation, provides)) continue
    if (provides.architecture !== 'any' && !architectureFits(universe, relation, candidate, architecture)) continue
    if (!real.includes(candidate) && virtual.at(-1) !== candidate) virtual.push(candidate)
  }
  // Sorting is stable: within a name the universe's own order, the newest first, is kept.
  virtual.sort(
    (a, b) =>
      Number(isOutdated(universe, a)) - Number(isOutdated(universe, b)) ||
      universe.candidate(b).priority - universe.candidate(a).priority ||
      priorityRank(universe, a) - priorityRank(universe, b),
  )
  // A package of the same architecture is preferred to one that is only allowed to stand in for it.
  if (!universe.language.compatible)
    real.sort((a, b) => Number(isForeignTo(universe, a, architecture)) - Number(isForeignTo(universe, b, architecture)))
  const found = [...new Set([...real, ...virtual])].filter((id) => qualifies(universe, relation, id, architecture))
  return universe.language.obsoletes === 'outranked' ? outrankedLast(universe, found) : found
}

/** Whether another version of the package is preferred to this one. */
function isOutdated(universe: Universe, id: CandidateId): boolean {
  const { name, architecture } = recordOf(universe, id)
  return universe.named(name).find((other) => recordOf(universe, other).architecture === architecture) !== id
}

/** rpm `with` and `without`: what else one package must, or must not, satisfy. */
function qualifies(universe: Universe, relation: Relation, id: CandidateId, architecture: string): boolean {
  const alsoSatisfies = (other: Relation) => satisfiers(universe, other, architecture).includes(id)
  return (relation.with ?? []).every(alsoSatisfies) && !(relation.without ?? []).some(alsoSatisfies)
}

function outrankedLast(universe: Universe, ids: readonly CandidateId[]): CandidateId[] {
  const outranked = ids.filter((id) => isObsoleted(universe, id))
  return outranked.length === 0 ? [...ids] : [...ids.filter((id) => !outranked.includes(id)), ...outranked]
}

function isObsoleted(universe: Universe, id: CandidateId): boolean {
  const { name } = recordOf(universe, id)
  return universe.obsoleting(name).some((other) => obsoletes(universe, other, id))
}

/** Whether `other` obsoletes `id`: by name alone, never its own (rpm.org, "Dependencies": Obsoletes). */
export function obsoletes(universe: Universe, other: CandidateId, id: CandidateId): boolean {
  const { name, version } = recordOf(universe, id)
  const record = recordOf(universe, other)
  if (record.name === name) return false
  return (record.obsoletes ?? []).some((relation) => relation.name === name && versionFits(universe, relation, version))
}

/** The candidates that a Conflicts or Breaks of `id` forbids beside it. */
export function enemies(universe: Universe, id: CandidateId, relation: Relation): CandidateId[] {
  const { name } = recordOf(universe, id)
  const { sparesOwnName } = universe.language
  const found: CandidateId[] = []
  const add = (other: CandidateId) => {
    const spared = sparesOwnName ? recordOf(universe, other).name === name : other === id
    if (spared || found.includes(other) || !sameNamedArchitecture(universe, relation, other)) return
    if (qualifies(universe, relation, other, recordOf(universe, id).architecture)) found.push(other)
  }
  for (const other of universe.named(relation.name)) {
    if (versionFits(universe, relation, recordOf(universe, other).version)) add(other)
  }
  for (const { candidate, provides } of universe.providing(relation.name)) {
    if (providesFits(universe, relation, provides)) add(candidate)
  }
  return found
}

/** The candidates that `id` cannot stand beside because it obsoletes them. */
export function obsoletedBy(universe: Universe, id: CandidateId, relation: Relation): CandidateId[] {
  const own = recordOf(universe, id).name
  return universe
    .named(relation.name)
    .filter((other) => relation.name !== own && versionFits(universe, relation, recordOf(universe, other).version))
}

/**
 * The candidates of the same name that cannot stand beside `id`: any other, but its own version for another architecture if Multi-Arch: same,
 * and under multilib any for another architecture. `several`: names of which versions may stand side by side.
 */
export function rivals(universe: Universe, id: CandidateId, several: ReadonlySet<string>): CandidateId[] {
  const own = recordOf(universe, id)
  return universe.named(own.name).filter((other) => {
    if (other === id) return false
    const record = recordOf(universe, other)
    if (several.has(own.name)) return record.version === own.version && record.architecture === own.architecture
    return !standsBeside(universe, own, record)
  })
}

/** Whether two packages of one name may be there at once. */
function standsBeside({ language, architecture }: Universe, one: PackageRecord, other: PackageRecord): boolean {
  const { independent, multilib } = language
  const effective = (record: PackageRecord) =>
    record.architecture === independent ? architecture : record.architecture
  if (multilib)
    return (
      one.architecture !== other.architecture && one.architecture !== independent && other.architecture !== independent
    )
  const apart = effective(one) !== effective(other) && one.version === other.version
  return apart && one.multiArch === 'same' && other.multiArch === 'same'
}

export function recordOf(universe: Universe, id: CandidateId): PackageRecord {
  return universe.candidate(id).record
}

function versionFits({ format }: Universe, { operator, version }: Relation, offered: string): boolean {
  return operator === undefined || version === undefined || format.satisfies(offered, operator, version)
}

const SIGNS = ['<', '=', '>']

/** Whether what is provided overlaps with what is asked for; either may be a range (rpm). */
function providesFits(universe: Universe, relation: Relation, provides: Relation): boolean {
  const { operator, version } = relation
  if (operator === undefined || version === undefined) return true
  if (provides.version === undefined) return universe.language.openProvides
  const range = provides.operator ?? '='
  if (range === '=') return universe.format.satisfies(provides.version, operator, version)
  const order = (sign: string) => universe.format.satisfies(provides.version ?? '', sign, version)
  if (order('=')) return SIGNS.some((sign) => range.includes(sign) && operator.includes(sign))
  return order('<') ? range.includes('>') || operator.includes('<') : range.includes('<') || operator.includes('>')
}

function architectureFits(universe: Universe, relation: Relation, id: CandidateId, asker: string): boolean {
  const { language, architecture: native } = universe
  const record = recordOf(universe, id)
  if (relation.architecture === undefined && language.compatible) return true
  const effective = effectiveOf(universe, id)
  switch (relation.architecture) {
    case undefined:
      return record.multiArch === 'foreign' || effective === (asker === language.independent ? native : asker)
    case 'any':
      return record.multiArch === 'allowed'
    case 'native':
      return effective === native
    default:
      return effective === relation.architecture || record.architecture === relation.architecture
  }
}

/** Negative relations without a qualifier hold against every architecture. */
function sameNamedArchitecture(universe: Universe, { architecture }: Relation, id: CandidateId): boolean {
  if (architecture === undefined || architecture === 'any') return true
  return effectiveOf(universe, id) === (architecture === 'native' ? universe.architecture : architecture)
}

function effectiveOf(universe: Universe, id: CandidateId): string {
  const { architecture } = recordOf(universe, id)
  return architecture === universe.language.independent ? universe.architecture : architecture
}

function isForeignTo(universe: Universe, id: CandidateId, asker: string): boolean {
  const { language, architecture: native } = universe
  const { architecture } = recordOf(universe, id)
  return architectureRank(language, native, asker) === 0
    ? architectureRank(language, native, architecture) !== 0
    : architecture !== asker
}

const PRIORITIES = ['required', 'important', 'standard']

function priorityRank(universe: Universe, id: CandidateId): number {
  const rank = PRIORITIES.indexOf(recordOf(universe, id).priority)
  return rank === -1 ? PRIORITIES.length : rank
}
