import { compareText } from '@holotype/base'
import type { Relation } from '@holotype/formats'
import { type CandidateIndex, indexOfCatalogue, indexOfList, type LookUp } from './candidate-index.ts'
import { architectureRank, languageOf } from './languages.ts'
import type { Candidate } from './lock.ts'
import type { CandidateId, Catalogue, Provider, Universe, VersionRules } from './types.ts'

/** Makes candidates ready for any number of resolves. Their order does not matter: same candidates, same answers. */
export function prepareUniverse(options: {
  readonly format: VersionRules
  readonly architecture: string
  readonly candidates?: readonly Candidate[]
  /** Indexes that are read as they are asked, besides or instead of `candidates`. */
  readonly catalogues?: readonly Catalogue[]
}): Universe {
  const { format, architecture, candidates = [], catalogues = [] } = options
  const language = languageOf(format.name)
  const parts: CandidateIndex[] = catalogues.map(indexOfCatalogue)
  if (candidates.length > 0) parts.push(indexOfList(candidates, language))
  const starts = startsOf(parts)
  const size = parts.reduce((sum, part) => sum + part.size, 0)

  const candidate = (id: CandidateId): Candidate => {
    let part = parts.length - 1
    while (part > 0 && id < (starts[part] ?? 0)) part--
    const index = parts[part]
    if (!index || id < 0 || id >= size) throw new RangeError(`no candidate ${id}`)
    return index.candidate(id - (starts[part] ?? 0))
  }
  const rank = (id: CandidateId) => architectureRank(language, architecture, candidate(id).record.architecture)
  const preferredFirst = (a: CandidateId, b: CandidateId): number => {
    const [one, other] = [candidate(a), candidate(b)]
    return (
      compareText(one.record.name, other.record.name) ||
      (rank(a) ?? 0) - (rank(b) ?? 0) ||
      other.priority - one.priority ||
      format.compareVersions(other.record.version, one.record.version) ||
      compareText(one.record.architecture, other.record.architecture) ||
      compareText(other.record.version, one.record.version) ||
      compareText(one.from, other.from) ||
      compareText(one.record.sha256, other.record.sha256)
    )
  }
  const found = (by: LookUp, name: string): CandidateId[] =>
    parts.flatMap((part, at) => part.find(by, name).map((place) => place + (starts[at] ?? 0)))

  const named = remembered((name) =>
    withoutTwins(
      found('name', name)
        .filter((id) => candidate(id).record.name === name && rank(id) !== undefined)
        .sort(preferredFirst),
      candidate,
    ),
  )
  /** Of what a look-up gives, those that are candidates (not a twin, not of a strange architecture). */
  const listed = (by: LookUp, name: string) =>
    [...new Set(found(by, name))].filter((id) => named(candidate(id).record.name).includes(id)).sort(preferredFirst)
  return {
    format,
    language,
    architecture,
    size,
    candidate,
    named,
    providing: remembered((name) => listed('provides', name).flatMap((id) => offers(candidate(id), id, name))),
    inGroup: (name) => listed('group', name),
    obsoleting: remembered((name) => listed('obsoletes', name)),
    supplementing: remembered((name) => listed('supplements', name)),
    essential: essentialNames(parts, (record) => architectureRank(language, architecture, record.architecture) === 0),
    names: () => parts.flatMap((part) => [...part.names()]),
  }
}

function startsOf(parts: readonly CandidateIndex[]): number[] {
  let start = 0
  return parts.map(({ size }) => {
    start += size
    return start - size
  })
}

function remembered<T>(look: (name: string) => readonly T[]): (name: string) => readonly T[] {
  const known = new Map<string, readonly T[]>()
  return (name) => {
    const before = known.get(name)
    if (before) return before
    const answer = look(name)
    known.set(name, answer)
    return answer
  }
}

/** What a candidate offers under a name besides its own. */
function offers({ record }: Candidate, candidate: CandidateId, name: string): Provider[] {
  const provides: Relation[] = record.provides.filter((relation) => relation.name === name)
  if (record.shlibProvides?.includes(name) || record.files?.includes(name)) provides.push({ name })
  return provides.map((relation) => ({ candidate, provides: relation }))
}

function essentialNames(
  parts: readonly CandidateIndex[],
  isNative: (record: Candidate['record']) => boolean,
): string[] {
  const records = parts.flatMap((part) => part.essential.map((place) => part.candidate(place).record))
  return [...new Set(records.filter((one) => one.essential && isNative(one)).map(({ name }) => name))].sort(compareText)
}

/** The same file offered twice by a snapshot is one candidate. (Two snapshots that offer it are two: a package may be pinned to either.) */
function withoutTwins(sorted: readonly CandidateId[], candidate: (id: CandidateId) => Candidate): CandidateId[] {
  const seen = new Set<string>()
  return sorted.filter((id) => {
    const { record, from } = candidate(id)
    const key = `${record.version} ${record.architecture} ${record.sha256} ${from}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
