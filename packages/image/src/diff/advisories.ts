import { compareText } from '@holotype/base'
import type { AdvisoryChange } from '../types.ts'
import type { ReadImage } from './read-image.ts'

/** What a feed says of one source package of the images' format. */
export interface KnownAdvisory {
  readonly id: string
  readonly title: string
  /** In the feed's own word. */
  readonly severity: string
  /** The source package, or the package where the format knows no sources. */
  readonly package: string
  /** The first version that has the problem; absent: all before `fixed`. */
  readonly introduced?: string
  /** The first version without the problem; absent: none yet. */
  readonly fixed?: string
}

/** Which advisories one of two images is open to and the other is not: what the update fixes, and what it brings. */
export function advisoryChanges(
  before: ReadImage,
  after: ReadImage,
  advisories: readonly KnownAdvisory[],
): AdvisoryChange[] {
  const [old, next] = [versionsOf(before), versionsOf(after)]
  const changes = advisories.flatMap((advisory): AdvisoryChange[] => {
    const [from, to] = [old.get(advisory.package) ?? [], next.get(advisory.package) ?? []]
    const isOpen = (version: string) =>
      (advisory.introduced === undefined || after.format.compareVersions(version, advisory.introduced) >= 0) &&
      (advisory.fixed === undefined || after.format.compareVersions(version, advisory.fixed) < 0)
    const [was, is] = [from.find(isOpen), to.find(isOpen)]
    if ((was === undefined) === (is === undefined)) return []
    const { id, title, severity } = advisory
    const [first, last] = [was ?? from[0], is ?? to[0]]
    return [
      {
        change: is === undefined ? 'fixed' : 'brought',
        ...{ id, title, severity, package: advisory.package },
        ...(first === undefined ? {} : { from: first }),
        ...(last === undefined ? {} : { to: last }),
      },
    ]
  })
  return changes.sort(
    (a, b) => compareText(a.change, b.change) || compareText(a.id, b.id) || compareText(a.package, b.package),
  )
}

function versionsOf({ packages }: ReadImage): Map<string, string[]> {
  const versions = new Map<string, string[]>()
  for (const { source, sourceVersion } of packages) {
    const known = versions.get(source) ?? []
    if (!known.includes(sourceVersion)) versions.set(source, [...known, sourceVersion])
  }
  return versions
}
