import type { Encoding, Origin } from './encode.ts'
import { recordOf } from './matching.ts'
import type { Choices } from './policy.ts'
import type { GivenClause, Literal } from './search.ts'
import { solve } from './solve.ts'
import type { CandidateId, Universe } from './types.ts'

export interface StillOptions {
  readonly universe: Universe
  readonly choices: Choices
  readonly encoding: Encoding
  /** A solution. */
  readonly trail: readonly Literal[]
  /** What of a solution is needed. */
  readonly neededOf: (trail: readonly Literal[]) => ReadonlySet<CandidateId>
}

/**
 * A solution in which no larger part of what is locked could stay. Each locked package that moved to another version is tried at its locked
 * version, with all that stayed until then; where the rest still holds, it stays. (The result is maximal: a set to which none can be added.)
 */
export function keepStill(options: StillOptions): readonly Literal[] {
  const { universe, encoding, neededOf } = options
  let { trail } = options
  const facts: GivenClause<Origin>[] = []
  const settled = new Set<string>()
  for (let moved = namesOf(options, trail); ; ) {
    const { stayed, gone } = moved
    for (const name of stayed) {
      if (!settled.has(name)) facts.push(...onlyLocked(options, name))
      settled.add(name)
    }
    const name = gone.find((one) => !settled.has(one))
    if (name === undefined) return trail
    settled.add(name)
    const tried = [...facts, ...onlyLocked(options, name)]
    const outcome = solve(encoding, tried)
    if (outcome.kind !== 'satisfied') continue
    trail = outcome.trail
    facts.push(...onlyLocked(options, name))
    moved = namesOf(options, trail)
  }

  /** Names of a solution that have a locked version: those that stand at it, and those that stand at another. */
  function namesOf({ choices }: StillOptions, found: readonly Literal[]) {
    const stayed = new Set<string>()
    const gone = new Set<string>()
    for (const id of neededOf(found)) {
      const { name } = recordOf(universe, id)
      if (choices.isLocked(id)) stayed.add(name)
      else if (universe.named(name).some((other) => choices.isLocked(other))) gone.add(name)
    }
    return { stayed: [...stayed], gone: [...gone].filter((name) => !stayed.has(name)).sort() }
  }
}

/** Facts that rule out every version of a name but the locked one. */
function onlyLocked({ universe, choices, encoding }: StillOptions, name: string): GivenClause<Origin>[] {
  return universe
    .named(name)
    .filter((id) => !choices.isLocked(id))
    .map((id) => ({ literals: [-encoding.variableOf(id)], origin: { kind: 'ruled-out', other: id } }))
}
