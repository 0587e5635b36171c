import { formatOf } from '@holotype/formats'
import type { Candidate, Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { digestOfFile } from '../package-threads.ts'

/**
 * The packages of a lock with their relations, to be resolved again among themselves; undefined where the store does not have all their files any
 * more.
 * @throws PACKAGE_MALFORMED, FILE_UNREADABLE
 */
export async function lockedCandidates(store: Store, lock: Lock): Promise<Candidate[] | undefined> {
  const format = formatOf(lock.format)
  const candidates: Candidate[] = []
  for (const locked of lock.packages) {
    const digest = digestOfFile(locked)
    if (!store.has(digest)) return undefined
    const { record } = await format.readPackage(store.pathOf(digest))
    candidates.push({ record, from: locked.from, priority: 0 })
  }
  return candidates
}
