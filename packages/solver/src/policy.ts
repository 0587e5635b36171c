import { fail } from './errors.ts'
import { recordOf } from './matching.ts'
import type { CandidateId, Pin, Policy, Universe } from './types.ts'

/** Why a candidate may not be chosen, whatever asks for it. */
export type Bar = 'excluded' | 'pinned' | 'held'

/** A request's policy over a universe. */
export interface Choices {
  isLocked(id: CandidateId): boolean
  barred(id: CandidateId): Bar | undefined
  /** Held packages with the versions that stay. */
  readonly held: readonly { readonly name: string; readonly version: string; readonly architecture: string }[]
  readonly several: ReadonlySet<string>
  /** What a package is pinned to. */
  pinsOf(name: string): readonly Pin[]
}

/** @throws RESOLVE_REQUEST if a package is held that nothing has locked */
export function choicesOf(policy: Policy, universe: Universe): Choices {
  const { exclude = [], locked = [], pinned = [], held = [], several = [] } = policy
  const excluded = new Set(exclude)
  const lockedKeys = new Set(locked.map(keyOf))
  const pins = Map.groupBy(pinned, ({ name }) => name)
  const stays = held.flatMap((name) => {
    const found = locked.filter((item) => item.name === name)
    if (found.length === 0) throw fail('RESOLVE_REQUEST', { what: `${name} is held, but no earlier lock has it` })
    return found
  })
  const heldNames = new Set(held)
  const isLocked = (id: CandidateId) => lockedKeys.size > 0 && lockedKeys.has(keyOf(recordOf(universe, id)))
  return {
    held: stays,
    several: new Set(several),
    pinsOf: (name) => pins.get(name) ?? [],
    isLocked,
    barred(id) {
      const { record, from } = universe.candidate(id)
      if (excluded.has(record.name)) return 'excluded'
      if (heldNames.has(record.name) && !isLocked(id)) return 'held'
      const fits = (pins.get(record.name) ?? []).every(
        (pin) =>
          (pin.from === undefined || pin.from === from) &&
          (pin.version === undefined || universe.format.satisfies(record.version, '=', pin.version)),
      )
      return fits ? undefined : 'pinned'
    },
  }
}

function keyOf(item: { readonly name: string; readonly version: string; readonly architecture: string }): string {
  return `${item.name} ${item.version} ${item.architecture}`
}
