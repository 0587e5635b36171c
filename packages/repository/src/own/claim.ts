import { posix } from 'node:path'
import { failFormats, type Format, type PackageRecord } from '@holotype/formats'
import type { StoredEntry } from './chunk.ts'

/** Hex digits of a digest that tell a file name from another. */
const DIGITS = 16

/** What a package version meets among the other versions of its name. */
export type Claim =
  /** It is listed already, with these bytes. */
  | { readonly kind: 'there'; readonly stored: StoredEntry }
  /** It may come in, its file at this path below the base. `stored`: it was there once, and was withdrawn. */
  | { readonly kind: 'free'; readonly path: string; readonly stored?: StoredEntry }

/** What wants in. */
export interface Offer {
  readonly record: PackageRecord
  /** As in `StoredEntry`. */
  readonly content?: string
  /** Where its format puts its file. */
  readonly native: string
}

/**
 * Whether a package version may be taken in, and where its file lies. A name, version (however it is spelled) and architecture keep their bytes for
 * ever, also when they were withdrawn since; of a package that is signed inside, what is signed is compared. Where versions that differ by their epoch alone would have one file (deb and
 * rpm leave it out of the name), the later comer's lies in a directory of its own.
 * @throws REPOSITORY_VERSION_TAKEN
 */
export function claim(
  versions: readonly StoredEntry[],
  { record, content, native: path }: Offer,
  compareVersions: Format['compareVersions'],
): Claim {
  for (const stored of versions) {
    const { version, architecture, sha256, filename } = stored.record
    // `1.0-1` and `0:1.0-1` are one version to every client.
    if (architecture !== record.architecture || compareVersions(version, record.version) !== 0) continue
    const same = sha256 === record.sha256 || (content !== undefined && stored.content === content)
    if (!same) throw taken(stored, record)
    return stored.withdrawn === undefined ? { kind: 'there', stored } : { kind: 'free', path: filename, stored }
  }
  const shared = versions.some(({ record: { filename } }) => filename === path)
  const directory = record.sha256.slice(0, DIGITS)
  return {
    kind: 'free',
    path: shared ? posix.join(posix.dirname(path), directory, posix.basename(path)) : path,
  }
}

function taken({ record, withdrawn }: StoredEntry, offered: PackageRecord): Error {
  const { name, version, architecture, sha256 } = record
  const since = withdrawn === undefined ? '' : ', withdrawn since'
  return failFormats('REPOSITORY_VERSION_TAKEN', {
    what: `the repository has another file as ${name} ${version} ${architecture}${since}`,
    data: { name, version, architecture, there: sha256, offered: offered.sha256 },
  })
}
