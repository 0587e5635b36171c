import { formats, type Relation } from '@holotype/formats'
import type { Store } from '@holotype/store'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { listedPaths } from './database.ts'
import { valuesOf } from './fields.ts'
import { fnmatch } from './fnmatch.ts'
import type { HookTrigger } from './hooks.ts'

/** What triggers are held against: an installation of everything. */
export interface TargetIndex {
  /** As pacman's database lists them, directories with a slash. */
  readonly paths: readonly string[]
  readonly names: readonly string[]
  isSatisfied(relation: string): boolean
}

export function targetIndex(store: Store, packages: readonly LockedUnpacked[]): TargetIndex {
  const known: Relation[] = packages.flatMap(({ name, version, unpacked }) => [
    { name, operator: '=', version },
    ...valuesOf(unpacked, 'provides').flatMap((text) => formats.alpm.parseDependencies(text).flat()),
  ])
  return {
    paths: packages.flatMap((candidate) => listedPaths(store, candidate)),
    names: packages.map(({ name }) => name),
    isSatisfied: (text) =>
      formats.alpm
        .parseDependencies(text)
        .every((alternatives) =>
          alternatives.some(({ name, operator, version }) =>
            known.some(
              (given) =>
                given.name === name &&
                (operator === undefined ||
                  version === undefined ||
                  (given.version !== undefined && formats.alpm.satisfies(given.version, operator, version))),
            ),
          ),
        ),
  }
}

/** What an installation of everything triggers a hook with: paths or names, sorted, each once; none where it does not trigger. */
export function hookTargets(triggers: readonly HookTrigger[], index: TargetIndex): string[] {
  const matched = new Set<string>()
  for (const { operations, type, targets } of triggers) {
    if (!operations.has('Install')) continue
    const matches = matcher(targets)
    for (const target of type === 'Path' ? index.paths : index.names) if (matches(target)) matched.add(target)
  }
  return [...matched].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** The last pattern that matches decides; one that begins with `!` says no (libalpm, `_alpm_fnmatch_patterns`). */
function matcher(targets: readonly string[]): (target: string) => boolean {
  const patterns = targets
    .map((target) =>
      target.startsWith('!') ? { no: true, match: fnmatch(target.slice(1)) } : { no: false, match: fnmatch(target) },
    )
    .reverse()
  return (target) => patterns.find(({ match }) => match(target))?.no === false
}
