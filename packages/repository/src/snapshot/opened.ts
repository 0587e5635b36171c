import type { Format, PackageIndex } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { INDEXES_KEPT } from '../limits.ts'
import type { SnapshotIndex } from '../types.ts'

/** Opened indexes by digest, the last used last. An index never changes, so nothing here can be stale. */
const kept = new Map<string, PackageIndex>()

/** Whether an index can be read without holding all of its records. */
export function canOpen(format: Format, { form }: SnapshotIndex): boolean {
  return form === 'index' && format.openIndex !== undefined
}

/** An index that parses its records when they are looked at; undefined where there is no such. @throws OBJECT_*, REPOSITORY_MALFORMED */
export function openedIndex(store: Store, format: Format, index: SnapshotIndex): PackageIndex | undefined {
  const { openIndex } = format
  if (!openIndex || !canOpen(format, index)) return undefined
  const key = `${store.directory} ${index.digest}`
  const opened = kept.get(key) ?? openIndex(store.read(index.digest))
  kept.delete(key)
  kept.set(key, opened)
  for (const oldest of kept.keys()) {
    if (kept.size <= INDEXES_KEPT) break
    kept.delete(oldest)
  }
  return opened
}
