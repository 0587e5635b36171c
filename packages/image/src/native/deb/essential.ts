import { formats } from '@holotype/formats'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'

/**
 * The names of the essential packages and of all they need: apt has them configured before anything else is unpacked, so that scripts of others may
 * lean on what their scripts made, alternatives say (Debian Policy 3.8).
 */
export function essentialNames(packages: readonly LockedUnpacked[]): ReadonlySet<string> {
  const byName = new Map<string, LockedUnpacked[]>()
  for (const candidate of packages)
    for (const name of [candidate.name, ...namesIn(candidate, 'Provides')])
      byName.set(name, [...(byName.get(name) ?? []), candidate])
  const waiting = packages.filter((candidate) => valueOf(candidate, 'Essential') === 'yes')
  const found = new Set<string>()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next.name)) continue
    found.add(next.name)
    for (const name of [...namesIn(next, 'Pre-Depends'), ...namesIn(next, 'Depends')])
      waiting.push(...(byName.get(name) ?? []))
  }
  return found
}

function valueOf({ unpacked }: LockedUnpacked, field: string): string {
  return unpacked.fields.find(([name]) => name === field)?.[1] ?? ''
}

function namesIn(candidate: LockedUnpacked, field: string): string[] {
  return formats.deb
    .parseDependencies(valueOf(candidate, field))
    .flat()
    .map(({ name }) => name)
}
