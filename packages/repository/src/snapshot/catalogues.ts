import type { Digest } from '@holotype/base'
import { formatOf, type PackageIndex } from '@holotype/formats'
import type { Candidate, Catalogue } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { INDEXES_KEPT } from '../limits.ts'
import { candidatesOf, readSnapshot } from './candidates.ts'

/** Opened indexes by digest, the last used last. An index never changes, so nothing here can be stale. */
const kept = new Map<string, PackageIndex>()

/** What a snapshot offers: records at hand, and indexes that parse theirs when they are looked at. */
export interface Offers {
  readonly candidates: readonly Candidate[]
  readonly catalogues: readonly Catalogue[]
}

/**
 * What `candidatesOf` gives, without parsing what nobody asks for: of 60,000 packages an image touches some thousands.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED
 */
export function offersOf(store: Store, snapshot: Digest, name: string, priority: number): Offers {
  const { format, suites } = readSnapshot(store, snapshot)
  const indexes = suites.flatMap((suite) => suite.indexes)
  const { openIndex } = formatOf(format)
  if (!openIndex || indexes.some(({ form }) => form !== 'index'))
    return { candidates: candidatesOf(store, snapshot, name, priority), catalogues: [] }
  const catalogues = indexes.map(({ digest }) => ({
    index: keep(`${store.directory} ${digest}`, () => openIndex(store.read(digest))),
    from: name,
    priority,
  }))
  return { candidates: [], catalogues }
}

function keep(key: string, open: () => PackageIndex): PackageIndex {
  const opened = kept.get(key) ?? open()
  kept.delete(key)
  kept.set(key, opened)
  for (const oldest of kept.keys()) {
    if (kept.size <= INDEXES_KEPT) break
    kept.delete(oldest)
  }
  return opened
}
