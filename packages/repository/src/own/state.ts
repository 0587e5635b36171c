import { isDigest } from '@holotype/base'
import type { PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'

/** A package of our own repository. Its bytes are the object `sha256:` + `record.sha256`. */
export interface OwnPackage {
  readonly record: PackageRecord
  /** The package's control fields, as its file has them. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** The note that names the list of packages, an object: the repository's whole state. */
const KEY = 'repository/packages'

/**
 * The packages of our own repository, sorted by name, version and architecture; empty if there are none yet.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED
 */
export function ownPackages(store: Store): readonly OwnPackage[] {
  const digest = store.recall(KEY)
  if (digest === undefined) return []
  const value = isDigest(digest) ? store.readJson(digest) : undefined
  if (!isOwnList(value)) throw fail('SNAPSHOT_MALFORMED', { what: `the list of own packages ${digest} cannot be read` })
  return value
}

export function rememberOwnPackages(store: Store, packages: readonly OwnPackage[]): void {
  store.remember(KEY, store.putJson(packages))
}

/** Written by {@link rememberOwnPackages} and read back by its digest: the form alone is checked. */
function isOwnList(value: unknown): value is readonly OwnPackage[] {
  return (
    Array.isArray(value) &&
    value.every(
      (item: unknown) =>
        typeof item === 'object' && item !== null && 'record' in item && 'fields' in item && Array.isArray(item.fields),
    )
  )
}
