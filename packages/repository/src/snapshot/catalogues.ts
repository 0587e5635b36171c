import type { Digest } from '@holotype/base'
import { formatOf, type PackageIndex } from '@holotype/formats'
import type { Candidate, Catalogue } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { candidatesOf, filesOf, readSnapshot, withFiles } from './candidates.ts'
import { listedPackages } from './listing.ts'
import { canOpen, openedIndex } from './opened.ts'

/** What a snapshot offers: records at hand, and indexes that parse theirs when they are looked at. */
export interface Offers {
  readonly candidates: readonly Candidate[]
  readonly catalogues: readonly Catalogue[]
}

/**
 * What `candidatesOf` gives, without keeping what nobody asks for: of 60,000 packages an image touches some thousands.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED
 */
export function offersOf(store: Store, snapshot: Digest, name: string, priority: number): Offers {
  const { format: formatName, suites } = readSnapshot(store, snapshot)
  const format = formatOf(formatName)
  if (suites.some(({ indexes }) => indexes.some((one) => one.form !== 'files' && !canOpen(format, one))))
    return { candidates: candidatesOf(store, snapshot, name, priority), catalogues: [] }
  const catalogues = suites.flatMap(({ indexes }) => {
    const files = filesOf(store, indexes)
    return indexes.flatMap((one): Catalogue[] => {
      const opened = openedIndex(store, format, one)
      if (!opened) return []
      const index = files ? withPaths(opened, files, listedPackages(store, format, one)) : opened
      return [{ index, from: name, priority }]
    })
  })
  return { candidates: [], catalogues }
}

/** An index with paths that it does not list itself, by the SHA-256 of the package that has them. Its listing has its packages in its own order. */
function withPaths(
  index: PackageIndex,
  files: ReadonlyMap<string, readonly string[]>,
  listed: ReturnType<typeof listedPackages>,
): PackageIndex {
  const byPath = new Map<string, number[]>()
  const byPlace = new Map<number, readonly string[]>()
  for (const [place, [, , , , , sha256]] of listed.entries()) {
    const paths = files.get(sha256)
    if (!paths) continue
    byPlace.set(place, paths)
    for (const path of paths) byPath.set(path, [...(byPath.get(path) ?? []), place])
  }
  return {
    ...index,
    providing(name) {
      const more = byPath.get(name)
      return more ? [...new Set([...index.providing(name), ...more])] : index.providing(name)
    },
    record(place) {
      const [record, more] = [index.record(place), byPlace.get(place)]
      return more ? withFiles(record, more) : record
    },
  }
}
