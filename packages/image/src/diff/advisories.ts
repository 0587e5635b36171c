import { compareText } from '@holotype/base'
import type { VersionOrder } from '@holotype/formats/rules'
import type { AdvisoryChange } from '../types.ts'
import type { ReadImage } from './read-image.ts'

/** What a feed says of one package of the images' format, with versions as the format writes them. */
export interface KnownAdvisory {
  readonly id: string
  readonly title: string
  /** In the feed's own word. */
  readonly severity: string
  /** The source package, or the package where the format knows no sources. */
  readonly package: string
  /** True: `package` and the versions are those of a package, and not of its source. */
  readonly isBinary?: true
  /** `fixed` is a build of one of several streams, and says something where one of the images has that very build. */
  readonly ofStream?: true
  /** The first version that has the problem; absent: all before `fixed`. */
  readonly introduced?: string
  /** The first version without the problem; absent: none yet. */
  readonly fixed?: string
  /** The last version that has it, where nothing says which is the first without. */
  readonly lastAffected?: string
}

/**
 * Which advisories one of two images is open to and the other is not: what the update fixes, and what it brings. An advisory that says several
 * ranges of versions of a package stands in the list once for each. Images of two formats have no versions that could be compared.
 */
export function advisoryChanges(
  before: ReadImage,
  after: ReadImage,
  advisories: readonly KnownAdvisory[],
): AdvisoryChange[] {
  if (before.format !== after.format) return []
  const [old, next] = [versionsOf(before), versionsOf(after)]
  const changes = new Map<string, AdvisoryChange>()
  for (const ranges of Map.groupBy(advisories, keyOf).values()) {
    const change = changeOf(ranges, { format: after.format, old, next })
    if (change === undefined) continue
    // The packages of one source are told of once.
    const key = `${change.change} ${change.id} ${change.package}`
    if (!changes.has(key)) changes.set(key, change)
  }
  return [...changes.values()].sort(
    (a, b) => compareText(a.change, b.change) || compareText(a.id, b.id) || compareText(a.package, b.package),
  )
}

function keyOf({ id, package: name, isBinary }: KnownAdvisory): string {
  return `${id} ${placeOf(isBinary === true, name)}`
}

interface Versions {
  readonly source: string
  readonly versions: readonly string[]
}

interface Both {
  readonly format: VersionOrder
  readonly old: ReadonlyMap<string, Versions>
  readonly next: ReadonlyMap<string, Versions>
}

/** @param ranges of one advisory and one package */
function changeOf(ranges: readonly KnownAdvisory[], { format, old, next }: Both): AdvisoryChange | undefined {
  const [first] = ranges
  if (first === undefined) return undefined
  const { id, title, severity } = first
  const key = placeOf(first.isBinary === true, first.package)
  const [from, to] = [old.get(key)?.versions ?? [], next.get(key)?.versions ?? []]
  // Most advisories are of packages that neither image has, or that stay.
  if (from.length + to.length === 0 || isSame(from, to)) return undefined
  const both = [...from, ...to]
  const said = ranges.filter(
    ({ ofStream, fixed }) => ofStream !== true || (fixed !== undefined && both.includes(fixed)),
  )
  const isOpen = (version: string) =>
    said.some(
      ({ introduced, fixed, lastAffected }) =>
        (introduced === undefined || format.compareVersions(version, introduced) >= 0) &&
        (fixed === undefined || format.compareVersions(version, fixed) < 0) &&
        (lastAffected === undefined || format.compareVersions(version, lastAffected) <= 0),
    )
  const [was, is] = [from.find(isOpen), to.find(isOpen)]
  if ((was === undefined) === (is === undefined)) return undefined
  const [before, after] = [was ?? from[0], is ?? to[0]]
  return {
    change: is === undefined ? 'fixed' : 'brought',
    ...{ id, title, severity, package: (next.get(key) ?? old.get(key))?.source ?? first.package },
    ...(before === undefined ? {} : { from: before }),
    ...(after === undefined ? {} : { to: after }),
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((version) => b.includes(version))
}

function placeOf(isBinary: boolean, name: string): string {
  return `${isBinary ? 'package' : 'source'} ${name}`
}

/** What an image has of each source, and of each package. */
function versionsOf({ packages }: ReadImage): Map<string, Versions> {
  const found = new Map<string, { readonly source: string; readonly versions: string[] }>()
  const add = (key: string, source: string, version: string) => {
    const known = found.get(key) ?? { source, versions: [] }
    if (!known.versions.includes(version)) known.versions.push(version)
    found.set(key, known)
  }
  for (const { name, version, source, sourceVersion } of packages) {
    add(placeOf(false, source), source, sourceVersion)
    add(placeOf(true, name), source, version)
  }
  return found
}
