import { canonicalJson, compareText, type Digest, digestOf } from '@holotype/base'

/** One installed package of a set. */
export interface PackageSetEntry {
  readonly name: string
  readonly version: string
  readonly architecture: string
}

/** The order of a set: by name, then architecture, then version, each by UTF-16 code unit (the same under any locale). */
export function compareEntries(a: PackageSetEntry, b: PackageSetEntry): -1 | 0 | 1 {
  return compareText(a.name, b.name) || compareText(a.architecture, b.architecture) || compareText(a.version, b.version)
}

/**
 * The canonical form of a set: in order, each entry once, with the three members of an entry and no other. A name may stand there for
 * several architectures (multi-arch) and, as with rpm's kernels, in several versions of one architecture.
 */
export function canonicalSet(entries: readonly PackageSetEntry[]): PackageSetEntry[] {
  const sorted = entries
    .map(({ name, version, architecture }) => ({ name, version, architecture }))
    .sort(compareEntries)
  return sorted.filter((entry, index) => {
    const before = sorted[index - 1]
    return before === undefined || compareEntries(before, entry) !== 0
  })
}

/** The bytes of a set as they are sent, stored and hashed: canonical JSON of its canonical form. */
export function setText(entries: readonly PackageSetEntry[]): string {
  return canonicalJson(canonicalSet(entries))
}

/** The digest of a set: equal for two nodes exactly when they have the same packages installed, in whatever order they were read. */
export function setDigest(entries: readonly PackageSetEntry[]): Digest {
  return digestOf(setText(entries))
}
