import { type Digest, isErrorCode, type Progress, runTask, silent } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import type { Lock, LockedPackage } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { CONNECTIONS, PACKAGE_BYTES } from '../limits.ts'
import { readSnapshot } from '../snapshot/candidates.ts'
import { listedPackages } from '../snapshot/listing.ts'
import type { Fetcher } from './fetcher.ts'

export interface FetchPackagesOptions {
  readonly lock: Pick<Lock, 'format' | 'snapshots' | 'packages'>
  readonly store: Store
  readonly fetcher: Fetcher
  readonly progress?: Progress
  /** Downloads at a time. Default: 8. */
  readonly concurrency?: number
}

export interface FetchPackagesResult {
  readonly fetched: number
  readonly present: number
  readonly bytesFetched: number
}

/**
 * Brings every package file of a lock into the store, each as the object of the digest that the lock names: that digest alone is
 * trusted, wherever the bytes come from. What the store has is not fetched. After a failure, what was fetched is kept and nothing half is.
 * @throws FETCH_UNREACHABLE, FETCH_NOT_FOUND, FETCH_TRUNCATED, FETCH_MISMATCH, FETCH_NO_SOURCE, SNAPSHOT_MALFORMED, DISK_FULL
 */
export async function fetchPackages(options: FetchPackagesOptions): Promise<FetchPackagesResult> {
  const { lock, store, progress = silent } = options
  const missing = distinct(lock.packages).filter((item) => !store.has(digestOfPackage(item)))
  const present = lock.packages.length - missing.length
  if (missing.length === 0) return { fetched: 0, present, bytesFetched: 0 }
  const total = missing.reduce((sum, item) => sum + item.size, 0)
  return runTask(progress, { title: `fetch ${missing.length} packages`, total, unit: 'bytes' }, async (task) => {
    const addresses = addressesOf(options, missing)
    let bytesFetched = 0
    const count = (bytes: number, note: string) => {
      bytesFetched += bytes
      task.advance(bytesFetched, { note })
    }
    await inParallel(missing, options.concurrency ?? CONNECTIONS, (item) =>
      fetchOne(options, item, addresses.get(item.sha256) ?? [], count),
    )
    await store.flush()
    task.note(`${missing.length} fetched, ${present} there already`)
    return { fetched: missing.length, present, bytesFetched }
  })
}

function digestOfPackage({ sha256 }: LockedPackage): Digest {
  return `sha256:${sha256}`
}

function distinct(packages: readonly LockedPackage[]): LockedPackage[] {
  return [...new Map(packages.map((item) => [item.sha256, item])).values()]
}

async function fetchOne(
  { store, fetcher }: FetchPackagesOptions,
  item: LockedPackage,
  urls: readonly string[],
  count: (bytes: number, note: string) => void,
): Promise<void> {
  const label = `${item.name} ${item.version}`
  if (item.size > PACKAGE_BYTES)
    throw fail('FETCH_MISMATCH', { what: `${label} is larger than ${PACKAGE_BYTES} bytes` })
  let last: unknown = fail('FETCH_NO_SOURCE', {
    what: `${label} (${item.sha256.slice(0, 12)}) is neither in the store nor in the snapshot "${item.from}"`,
  })
  for (const url of urls) {
    try {
      await fetcher.stream(url, item.size, (body) => store.putStream(body, digestOfPackage(item)))
      return count(item.size, label)
    } catch (error) {
      last = isErrorCode(error, 'STORE_DIGEST_MISMATCH')
        ? fail('FETCH_MISMATCH', { what: `${url} is not the ${label} that the lock names`, cause: error })
        : error
      if (!isErrorCode(error, 'FETCH_NOT_FOUND')) throw last
    }
  }
  throw last
}

/** Where each missing file lies, by its SHA-256: below the base of every suite whose index lists it. */
function addressesOf(
  { lock, store }: FetchPackagesOptions,
  missing: readonly LockedPackage[],
): ReadonlyMap<string, readonly string[]> {
  const format = formatOf(lock.format)
  const wanted = new Map<string, string[]>(missing.map((item) => [item.sha256, []]))
  for (const name of new Set(missing.map(({ from }) => from))) {
    const digest = lock.snapshots[name]
    if (digest === undefined || !store.has(digest)) continue
    for (const { base, indexes } of readSnapshot(store, digest).suites) {
      if (base === null) continue
      for (const index of indexes) {
        for (const [, , , , , sha256, filename] of listedPackages(store, format, index))
          wanted.get(sha256)?.push(addressOf(base, filename))
      }
    }
  }
  return wanted
}

function addressOf(base: string, filename: string): string {
  return `${base}/${filename.split('/').map(encodeURIComponent).join('/')}`
}

/** Runs `work` over items, a few at a time; after the first failure nothing new begins, and that failure is thrown. */
async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  let stopped = false
  const lanes = Array.from({ length: Math.min(width, items.length) }, async () => {
    for (const item of queue) {
      if (stopped) return
      try {
        await work(item)
      } catch (error) {
        stopped = true
        throw error
      }
    }
  })
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected')
  if (failed) throw failed.reason
}
