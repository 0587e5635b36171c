import type { Relation } from '@holotype/formats'
import { recordOf, satisfiers } from './matching.ts'
import type { Condition, Need } from './need.ts'
import type { CandidateId, Universe } from './types.ts'

/**
 * What supplements a chosen package: soft needs that stand while all groups of the supplementing package hold (rpm Supplements: the reverse of
 * Recommends). Each is listed with every package its groups name, so that whichever is chosen last brings it in.
 */
export function supplementsOf(
  universe: Universe,
  id: CandidateId,
  owner: number,
  allowed: (id: CandidateId) => boolean,
): Need[] {
  const record = recordOf(universe, id)
  const names = new Set([
    record.name,
    ...record.provides.map(({ name }) => name),
    ...(record.files ?? []),
    ...(record.shlibProvides ?? []),
  ])
  const needs: Need[] = []
  for (const name of names) {
    for (const other of universe.supplementing(name)) {
      if (!allowed(other)) continue
      const { name: wanted, architecture, supplements = [] } = recordOf(universe, other)
      const conditions = supplements.map((group) => conditionOf(universe, group, architecture))
      needs.push({ group: [{ name: wanted }], choices: [other], owner, account: 'package', conditions })
    }
  }
  return needs
}

function conditionOf(universe: Universe, group: readonly Relation[], architecture: string): Condition {
  const of = (negated: boolean) =>
    group.filter((one) => (one.negated ?? false) === negated).flatMap((one) => satisfiers(universe, one, architecture))
  return group.some(({ negated }) => negated) ? { any: of(false), unless: of(true) } : { any: of(false) }
}
