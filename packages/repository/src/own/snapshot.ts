import type { FormatName } from '@holotype/formats'
import type { Store } from '@holotype/store'
import type { Snapshot, TakenSnapshot } from '../types.ts'
import { ownPackages } from './state.ts'

/**
 * The present state of our own repository as a snapshot: its packages are candidates like any other's, and the store has their bytes.
 * The same packages give the same digest, whenever it is taken.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, DISK_FULL
 */
export function ownSnapshot(
  store: Store,
  options: { readonly name: string; readonly format: FormatName; readonly architecture: string },
): TakenSnapshot {
  const { name, format, architecture } = options
  const records = ownPackages(store)
    .map(({ record }) => record)
    .filter((record) => record.architecture === 'all' || record.architecture === architecture)
  const snapshot: Snapshot = {
    schema: 'holotype.snapshot/1',
    name,
    format,
    architecture,
    suites: [
      {
        suite: name,
        codename: name,
        pocket: 'own',
        date: null,
        base: null,
        inRelease: null,
        indexes: [{ component: 'main', form: 'records', digest: store.putJson(records) }],
      },
    ],
  }
  return { digest: store.putJson(snapshot), snapshot, bytesFetched: 0 }
}
