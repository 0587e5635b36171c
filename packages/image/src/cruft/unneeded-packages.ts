import { HolotypeError } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import { type Candidate, type Resolution, resolve, type ResolveRequest, whyNot } from '@holotype/solver'
import { lockedCandidates } from '../explain/locked-candidates.ts'
import type { ComposedImage } from '../explain/composed-image.ts'
import { namesText } from './names-text.ts'

/** The packages of an image's lock, by who needs them. */
export interface LockedNeeds {
  /** Packages that nothing needs, with why; in the lock's order. */
  readonly unneeded: readonly { readonly name: string; readonly proof: string }[]
  /** Packages that nothing needs and that stay, with why. */
  readonly kept: readonly { readonly name: string; readonly because: string }[]
  /** The packages one of whose relations some package satisfies, by that package's name; sorted. */
  readonly dependents: ReadonlyMap<string, readonly string[]>
}

/**
 * Resolves the image's wishes again, among the packages of its lock alone: what the resolution leaves out nothing needs.
 * @returns why it cannot be told, where that is so
 * @throws PACKAGE_MALFORMED, FILE_UNREADABLE
 */
export async function lockedNeeds({ store, lock, spec }: ComposedImage): Promise<LockedNeeds | string> {
  const candidates = await lockedCandidates(store, lock)
  if (!candidates) return 'who needs which package: the store does not have all package files of the lock any more'
  const { architecture, image: subject } = lock
  const { recommends } = spec
  const install = spec.packages
  const request = { format: formatOf(lock.format), architecture, install, candidates, recommends, subject }
  const dependents = dependentsOf(candidates, recommends)
  try {
    const resolution = resolve(request)
    const chosen = new Set(resolution.packages.map(({ record }) => record.name))
    const left = [...new Set(candidates.map(({ record }) => record.name))].filter((name) => !chosen.has(name))
    const held = new Set(spec.hold)
    return {
      unneeded: left
        .filter((name) => !held.has(name))
        .map((name) => ({ name, proof: proofOf(request, resolution, { name, chosen, dependents }) })),
      kept: [
        ...left
          .filter((name) => held.has(name))
          .map((name) => ({ name, because: 'nothing needs it; the spec holds it' })),
        ...essentialAlone(resolution, candidates, dependents),
      ],
      dependents,
    }
  } catch (error) {
    if (!(error instanceof HolotypeError) || !error.code.startsWith('RESOLVE_')) throw error
    return `who needs which package: the image was composed from a lock older than its spec: ${error.message}`
  }
}

interface Left {
  readonly name: string
  readonly chosen: ReadonlySet<string>
  readonly dependents: LockedNeeds['dependents']
}

function proofOf(request: ResolveRequest, resolution: Resolution, { name, chosen, dependents }: Left): string {
  const by = dependents.get(name) ?? []
  const [first] = by
  if (first !== undefined && by.every((other) => !chosen.has(other)))
    return `${request.subject} does not ask for it, and only ${namesText(by)} needs it, which nothing needs either`
  return `${request.subject} does not ask for it: ${whyNot(request, resolution, name).chain.join('; ')}`
}

/** Packages that are in for being Essential and for nothing else. */
function essentialAlone({ why }: Resolution, candidates: readonly Candidate[], dependents: LockedNeeds['dependents']) {
  return candidates.flatMap(({ record: { name, architecture } }) =>
    why.get(`${name}:${architecture}`)?.by === 'essential' && !dependents.has(name)
      ? [{ name, because: 'nothing needs it, but it is essential: every installation has it' }]
      : [],
  )
}

function dependentsOf(candidates: readonly Candidate[], recommends: boolean): Map<string, readonly string[]> {
  const offering = new Map<string, Set<string>>()
  for (const { record } of candidates)
    for (const offered of [record.name, ...record.provides.map(({ name }) => name), ...(record.files ?? [])])
      offering.set(offered, (offering.get(offered) ?? new Set()).add(record.name))
  const dependents = new Map<string, Set<string>>()
  for (const { record } of candidates) {
    const groups = [...record.preDepends, ...record.depends, ...(recommends ? record.recommends : [])]
    for (const relation of groups.flat().filter(({ negated }) => !negated))
      for (const name of offering.get(relation.name) ?? [])
        if (name !== record.name) dependents.set(name, (dependents.get(name) ?? new Set()).add(record.name))
  }
  return new Map([...dependents].map(([name, by]) => [name, [...by].sort()]))
}
