import type { Progress } from '@holotype/base'
import type { Lock, LockedPackage } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { digestOfFile, packageLabel, workOnPackages } from '../package-threads.ts'
import { isWhole, recallUnpacked, type Unpacked } from './unpacked.ts'

export interface LockedUnpacked {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly unpacked: Unpacked
}

export interface UnpackAllOptions {
  readonly store: Store
  readonly lock: Pick<Lock, 'format' | 'packages'>
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/**
 * Every package of a lock, unpacked in the store. What was unpacked before is only looked up; the rest is spread over worker threads,
 * largest first.
 * @throws UNPACK_FAILED, OBJECT_MISSING (a package file was never fetched), DISK_FULL, the signal's reason
 */
export async function unpackAll(options: UnpackAllOptions): Promise<LockedUnpacked[]> {
  const { store, lock, progress, signal } = options
  const recall = (locked: LockedPackage) => {
    const unpacked = recallUnpacked(store, digestOfFile(locked))
    return unpacked && isWhole(store, unpacked) ? unpacked : undefined
  }
  const known = new Map(lock.packages.map((locked) => [locked, recall(locked)]))
  await workOnPackages({
    store,
    format: lock.format,
    packages: lock.packages.filter((locked) => known.get(locked) === undefined),
    program: new URL('unpack-worker.ts', import.meta.url),
    load: async () => (await import('./unpack-package.ts')).unpackPackage,
    title: 'unpack packages into the store',
    progress,
    signal,
  })
  return lock.packages.map((locked) => {
    const unpacked = known.get(locked) ?? recall(locked)
    if (!unpacked) throw fail('UNPACK_FAILED', { what: `${packageLabel(locked)} was not unpacked` })
    return { name: locked.name, version: locked.version, architecture: locked.architecture, unpacked }
  })
}
