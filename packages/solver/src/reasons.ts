import type { Encoding } from './encode.ts'
import { recordOf } from './matching.ts'
import { applies, type Need } from './need.ts'
import { relationText } from './relation-text.ts'
import type { CandidateId, Reason, Universe } from './types.ts'

/**
 * Walks a solution from the request, breadth first, and keeps what something needs; says of each package who brought it in first.
 * A search that went back and forth may hold packages that nothing needs any more: they fall away here.
 */
export function keepNeeded(options: {
  readonly universe: Universe
  readonly encoding: Encoding
  readonly chosen: ReadonlySet<CandidateId>
  readonly subject: string
}): { readonly kept: ReadonlySet<CandidateId>; readonly why: ReadonlyMap<string, Reason> } {
  const { universe, encoding, chosen, subject } = options
  const kept = new Set<CandidateId>()
  const why = new Map<string, Reason>()
  const queue: number[] = [encoding.root]
  const isKept = (id: CandidateId) => kept.has(id)
  const keep = (need: Need) => {
    const owner = encoding.candidateOf(need.owner)
    if ((owner !== undefined && !isKept(owner)) || !applies(need, isKept)) return
    const there = need.choices.filter((id) => chosen.has(id))
    const id = there[0]
    if (id === undefined || there.some(isKept)) return
    kept.add(id)
    why.set(keyOf(universe, id), reasonOf(universe, need, owner, subject))
    queue.push(encoding.variableOf(id))
  }
  // The queue grows while it is walked.
  for (const variable of queue) {
    for (const { hard, soft } of [encoding.needsOf(variable), encoding.awaiting(variable)]) {
      hard.forEach(keep)
      soft.forEach(keep)
    }
  }
  return { kept, why }
}

export function keyOf(universe: Universe, id: CandidateId): string {
  const { name, architecture } = recordOf(universe, id)
  return `${name}:${architecture}`
}

function reasonOf(universe: Universe, need: Need, owner: CandidateId | undefined, subject: string): Reason {
  const relation = relationText(need.group)
  if (owner !== undefined) return { by: recordOf(universe, owner).name, key: keyOf(universe, owner), relation }
  return { by: need.account === 'essential' ? 'essential' : subject, relation }
}
