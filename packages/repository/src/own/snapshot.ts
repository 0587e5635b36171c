import type { FormatName } from '@holotype/formats'
import type { Store } from '@holotype/store'
import type { Snapshot, TakenSnapshot } from '../types.ts'
import { ownPackages } from './state.ts'

/** Architectures whose packages are for every machine, by the formats' own names. */
const EVERYWHERE: ReadonlySet<string> = new Set(['all', 'any', 'noarch'])

/**
 * The present state of our own repository as a snapshot: its packages are candidates like any other's, and the store has their bytes.
 * The same packages give the same digest, whenever it is taken.
 * @throws REPOSITORY_STATE_MALFORMED, REPOSITORY_UNWRITABLE, DISK_FULL
 */
export function ownSnapshot(
  store: Store,
  options: { readonly name: string; readonly format: FormatName; readonly architecture: string },
): TakenSnapshot {
  const { name, format, architecture } = options
  const records = ownPackages({ store, name, format }).filter(
    (record) => record.architecture === architecture || EVERYWHERE.has(record.architecture),
  )
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
