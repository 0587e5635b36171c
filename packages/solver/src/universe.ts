import { compareText } from '@holotype/base'
import type { Format } from '@holotype/formats'
import type { Candidate } from './lock.ts'
import type { CandidateId, Provider, Universe } from './types.ts'

/** Indexes candidates for any number of resolves. The order of `candidates` does not matter: same candidates, same universe. */
export function prepareUniverse(options: {
  readonly format: Format
  readonly architecture: string
  readonly candidates: readonly Candidate[]
}): Universe {
  const { format, architecture } = options
  const candidates = withoutTwins(options.candidates.toSorted(preferredFirst(format, architecture)))
  const byName = new Map<string, CandidateId[]>()
  const providers = new Map<string, Provider[]>()
  const essential = new Set<string>()
  for (const [id, { record }] of candidates.entries()) {
    listIn(byName, record.name).push(id)
    for (const provides of record.provides) listIn(providers, provides.name).push({ candidate: id, provides })
    if (record.essential && isNative(record.architecture, architecture)) essential.add(record.name)
  }
  return { format, architecture, candidates, byName, providers, essential: [...essential].sort(compareText) }
}

/** `all` runs everywhere and counts as native (dpkg's multiarch rules). */
export function isNative(architecture: string, native: string): boolean {
  return architecture === native || architecture === 'all'
}

/** Name, native before foreign, higher priority, newer version; then whatever makes the order total. */
function preferredFirst(format: Format, native: string) {
  return (a: Candidate, b: Candidate): number =>
    compareText(a.record.name, b.record.name) ||
    Number(isNative(b.record.architecture, native)) - Number(isNative(a.record.architecture, native)) ||
    b.priority - a.priority ||
    format.compareVersions(b.record.version, a.record.version) ||
    compareText(a.record.architecture, b.record.architecture) ||
    compareText(b.record.version, a.record.version) ||
    compareText(a.from, b.from) ||
    compareText(a.record.sha256, b.record.sha256)
}

/** The same file offered twice, or by two snapshots, is one candidate: the first by preference. */
function withoutTwins(sorted: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = []
  let name = ''
  let seen = new Set<string>()
  for (const candidate of sorted) {
    const { record } = candidate
    if (record.name !== name) {
      name = record.name
      seen = new Set()
    }
    const key = `${record.version} ${record.architecture} ${record.sha256}`
    if (seen.has(key)) continue
    seen.add(key)
    kept.push(candidate)
  }
  return kept
}

function listIn<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key)
  if (known) return known
  const list: T[] = []
  map.set(key, list)
  return list
}
