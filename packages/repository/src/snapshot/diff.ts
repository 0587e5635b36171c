import { compareText, type Digest } from '@holotype/base'
import { type Format, formatOf } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { readSnapshot } from './candidates.ts'
import { countListed, type ListedPackage, listedPackages } from './listing.ts'

/** One package that two snapshots offer differently, by its newest version in each. */
export interface PackageChange {
  readonly name: string
  readonly architecture: string
  readonly source: string
  /** Its newest version before; null: it was not offered. */
  readonly before: string | null
  /** Its newest version after; null: it is offered no more. */
  readonly after: string | null
  /** `rebuilt`: the same version with other bytes. */
  readonly change: 'added' | 'removed' | 'newer' | 'older' | 'rebuilt'
}

/** How many packages of one source changed. */
export interface SourceChanges {
  readonly source: string
  readonly added: number
  readonly removed: number
  readonly changed: number
}

export interface SnapshotDiff {
  readonly before: { readonly snapshot: Digest; readonly packages: number }
  readonly after: { readonly snapshot: Digest; readonly packages: number }
  /** Sorted by name, then architecture. */
  readonly packages: readonly PackageChange[]
  /** Sorted by the number of packages, the most first, then by name. */
  readonly sources: readonly SourceChanges[]
}

/**
 * What changed from one snapshot to another. Of a package that a snapshot offers in several versions the newest counts.
 * @throws SNAPSHOT_NOT_COMPARABLE (of two formats), OBJECT_*, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED
 */
export function diffSnapshots(store: Store, before: Digest, after: Digest): SnapshotDiff {
  const [a, b] = [readSnapshot(store, before), readSnapshot(store, after)]
  if (a.format !== b.format)
    throw fail('SNAPSHOT_NOT_COMPARABLE', { what: `one snapshot is of ${a.format}, the other of ${b.format}` })
  const format = formatOf(a.format)
  // Suites share indexes, and so do snapshots: each is read once.
  const listings = new Map<Digest, readonly ListedPackage[]>()
  const newest = (snapshot: typeof a) => {
    const found: Newest = { packages: 0, byKey: new Map() }
    for (const { indexes } of snapshot.suites)
      for (const index of indexes) {
        const listing = listings.get(index.digest) ?? listedPackages(store, format, index)
        listings.set(index.digest, listing)
        addNewest(found, format, listing)
      }
    return found
  }
  const [old, now] = [newest(a), newest(b)]
  const packages = changesOf(format, old.byKey, now.byKey)
  return {
    before: { snapshot: before, packages: old.packages },
    after: { snapshot: after, packages: now.packages },
    packages,
    sources: sourcesOf(packages),
  }
}

interface Newest {
  packages: number
  /** By name and architecture. */
  readonly byKey: Map<string, ListedPackage>
}

function addNewest(found: Newest, format: Format, listed: readonly ListedPackage[]): void {
  found.packages += listed.length
  for (const item of listed) {
    const [name, version, architecture] = item
    const key = `${name}\0${architecture}`
    const known = found.byKey.get(key)
    if (!known || (known[1] !== version && format.compareVersions(known[1], version) < 0)) found.byKey.set(key, item)
  }
}

function changesOf(format: Format, old: Newest['byKey'], now: Newest['byKey']): PackageChange[] {
  const changes: PackageChange[] = []
  for (const [key, after] of now) {
    const before = old.get(key)
    const change = before ? changeOf(format, before, after) : 'added'
    if (change) changes.push(describe(after, { before: before?.[1] ?? null, after: after[1], change }))
  }
  for (const [key, before] of old)
    if (!now.has(key)) changes.push(describe(before, { before: before[1], after: null, change: 'removed' }))
  return changes.sort((a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture))
}

function changeOf(
  format: Format,
  [, from, , , , oldBytes]: ListedPackage,
  [, to, , , , bytes]: ListedPackage,
): PackageChange['change'] | undefined {
  const order = from === to ? 0 : format.compareVersions(from, to)
  if (order !== 0) return order < 0 ? 'newer' : 'older'
  return oldBytes === bytes ? undefined : 'rebuilt'
}

function describe(
  [name, , architecture, source]: ListedPackage,
  what: Pick<PackageChange, 'before' | 'after' | 'change'>,
): PackageChange {
  return { name, architecture, source, ...what }
}

function sourcesOf(changes: readonly PackageChange[]): SourceChanges[] {
  const counts = new Map<string, { added: number; removed: number; changed: number }>()
  for (const { source, change } of changes) {
    const count = counts.get(source) ?? { added: 0, removed: 0, changed: 0 }
    if (change === 'added' || change === 'removed') count[change]++
    else count.changed++
    counts.set(source, count)
  }
  const total = ({ added, removed, changed }: SourceChanges) => added + removed + changed
  return [...counts]
    .map(([source, count]) => ({ source, ...count }))
    .sort((a, b) => total(b) - total(a) || compareText(a.source, b.source))
}

/** How many packages a snapshot offers, each version counted. @throws OBJECT_*, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED */
export function countPackages(store: Store, snapshot: Digest): number {
  const { format, suites } = readSnapshot(store, snapshot)
  return suites
    .flatMap(({ indexes }) => indexes)
    .reduce((sum, index) => sum + countListed(store, formatOf(format), index), 0)
}
