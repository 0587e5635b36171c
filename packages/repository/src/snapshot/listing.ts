import type { Digest } from '@holotype/base'
import type { Format, PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import type { SnapshotIndex } from '../types.ts'
import { recallObject } from './recall.ts'
import { readIndex } from './records.ts'

/**
 * What an index lists, in short: enough to count, to compare and to fetch, read in a tenth of the time that the index takes. Made once per
 * index, in columns: the same place in each is one package. In the index's own order.
 */
export interface Listing {
  readonly schema: 'holotype.listing/1'
  readonly names: readonly string[]
  readonly versions: readonly string[]
  readonly architectures: readonly string[]
  readonly sources: readonly string[]
  readonly sizes: readonly number[]
  readonly sha256: readonly string[]
  readonly filenames: readonly string[]
}

/** The listing of an index, from the store or made now. @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED, DISK_FULL */
export function listingOf(store: Store, format: Format, index: SnapshotIndex): Listing {
  const key = `listing/${format.name}-${index.form}-${index.digest.slice('sha256:'.length)}`
  const known = recallObject(store, key)
  if (known) return parse(store.readJson(known), known)
  const listing = listRecords(readIndex(store, format, index))
  store.remember(key, store.put(Buffer.from(JSON.stringify(listing))))
  return listing
}

function listRecords(records: readonly PackageRecord[]): Listing {
  return {
    schema: 'holotype.listing/1',
    names: records.map(({ name }) => name),
    versions: records.map(({ version }) => version),
    architectures: records.map(({ architecture }) => architecture),
    sources: records.map(({ source }) => source),
    sizes: records.map(({ size }) => size),
    sha256: records.map(({ sha256 }) => sha256),
    filenames: records.map(({ filename }) => filename),
  }
}

/** Written by {@link listingOf} and read back by its digest: the form alone is checked. */
function parse(value: unknown, digest: Digest): Listing {
  if (isListing(value)) return value
  throw fail('SNAPSHOT_MALFORMED', { what: `the object ${digest} is no listing of an index` })
}

const COLUMNS = ['names', 'versions', 'architectures', 'sources', 'sizes', 'sha256', 'filenames']

function isListing(value: unknown): value is Listing {
  return (
    typeof value === 'object' &&
    value !== null &&
    Reflect.get(value, 'schema') === 'holotype.listing/1' &&
    COLUMNS.every((column) => Array.isArray(Reflect.get(value, column)))
  )
}
