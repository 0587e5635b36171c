import type { Format, PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { INDEXES_KEPT } from '../limits.ts'
import type { SnapshotIndex } from '../types.ts'

/** Parsed indexes by digest, the last used last. An index never changes, so nothing here can be stale. */
const kept = new Map<string, readonly PackageRecord[]>()

/** The packages of a snapshot's index. @throws OBJECT_MISSING, OBJECT_CORRUPT, REPOSITORY_MALFORMED */
export function readIndex(store: Store, format: Format, index: SnapshotIndex): readonly PackageRecord[] {
  const key = `${store.directory} ${index.digest}`
  const records = kept.get(key) ?? parse(store, format, index)
  kept.delete(key)
  kept.set(key, records)
  for (const oldest of kept.keys()) {
    if (kept.size <= INDEXES_KEPT) break
    kept.delete(oldest)
  }
  return records
}

function parse(store: Store, format: Format, { form, digest }: SnapshotIndex): readonly PackageRecord[] {
  // Paths complete other indexes' records; they are no packages.
  if (form === 'files') return []
  if (form === 'index') return format.parseIndex(store.read(digest))
  const value = store.readJson(digest)
  // Written by `ownSnapshot` from records, and read back by its digest: the form alone is checked.
  if (!isRecordList(value)) throw fail('SNAPSHOT_MALFORMED', { what: `the object ${digest} is no list of packages` })
  return value
}

function isRecordList(value: unknown): value is readonly PackageRecord[] {
  const texts = ['name', 'version', 'architecture', 'sha256']
  return (
    Array.isArray(value) &&
    value.every(
      (item: unknown) =>
        typeof item === 'object' &&
        item !== null &&
        texts.every((key) => typeof Reflect.get(item, key) === 'string') &&
        Array.isArray(Reflect.get(item, 'depends')) &&
        Array.isArray(Reflect.get(item, 'provides')),
    )
  )
}
