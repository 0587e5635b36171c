import type { Encoding, Need } from './encode.ts'
import { recordOf } from './matching.ts'
import { relationText } from './relation-text.ts'
import type { Wanted } from './request.ts'
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
  readonly wanted: readonly Wanted[]
}): { readonly kept: ReadonlySet<CandidateId>; readonly why: ReadonlyMap<string, Reason> } {
  const { universe, encoding, chosen, subject, wanted } = options
  const kept = new Set<CandidateId>()
  const why = new Map<string, Reason>()
  const queue: number[] = [encoding.root]
  const keep = (need: Need, by: string) => {
    const there = need.choices.filter((id) => chosen.has(id))
    const id = there[0]
    if (id === undefined || there.some((other) => kept.has(other))) return
    const { name, architecture } = recordOf(universe, id)
    kept.add(id)
    why.set(`${name}:${architecture}`, { by, relation: relationText(need.group) })
    queue.push(encoding.variableOf(id))
  }
  // The queue grows while it is walked.
  for (const variable of queue) {
    const owner = encoding.candidateOf(variable)
    const { hard, soft } = encoding.needsOf(variable)
    for (const [index, need] of hard.entries()) keep(need, nameOf(universe, owner, wanted[index], subject))
    for (const need of soft) keep(need, nameOf(universe, owner, undefined, subject))
  }
  return { kept, why }
}

function nameOf(universe: Universe, owner: CandidateId | undefined, wanted: Wanted | undefined, subject: string) {
  if (owner !== undefined) return recordOf(universe, owner).name
  return wanted?.account === 'essential' ? 'essential' : subject
}
