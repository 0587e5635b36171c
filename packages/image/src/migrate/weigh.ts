import { formatOf, type FormatName } from '@holotype/formats'
import { vitalPart } from '../diff/package-risk.ts'
import { packageHazards } from '../hazards/find-hazards.ts'
import type { HazardRule } from '../hazards/rule.ts'
import type { SidePackage } from './read-side.ts'

/**
 * How hard it is to move each package of a side, weightiest first: whether the machine depends on it (C library, init, package manager …), hazards its
 * versions cross against the other side, one for itself, its scripts, how many packages name it, its KiB.
 */
export function weigh(
  side: readonly SidePackage[],
  options: {
    readonly against: readonly SidePackage[]
    readonly format: FormatName
    readonly rules: readonly HazardRule[]
  },
): Map<SidePackage, readonly number[]> {
  const dependents = new Map<string, number>()
  for (const { record } of side) {
    const named = new Set([...record.preDepends, ...record.depends].flat().map(({ name }) => name))
    for (const name of named) dependents.set(name, (dependents.get(name) ?? 0) + 1)
  }
  const format = formatOf(options.format)
  const before = { format, packages: options.against.map(({ locked }) => locked) }
  return new Map(
    side.map((item) => {
      const { record, locked } = item
      const names = new Set([record.name, ...record.provides.map(({ name }) => name), ...item.sonames.provided])
      const asking = [...names].reduce((sum, name) => sum + (dependents.get(name) ?? 0), 0)
      const hazards = packageHazards(before, { format, packages: [locked] }, options.rules).length
      const vital = vitalPart(locked.source) === undefined ? 0 : 1
      return [item, [vital, hazards, 1, item.scripts, asking, Math.ceil(locked.size / 1024)]] as const
    }),
  )
}
