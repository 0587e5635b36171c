import { spawnSync } from 'node:child_process'
import { createReadStream, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Digest, isErrorCode } from '@holotype/base'
import { makeLock } from '@holotype/image'
import { fetchPackages, hostSources, openFetcher, snapshotUpstream } from '@holotype/repository'
import type { Lock } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { verifyClearSigned } from '@holotype/trust'

/*
 * Locks of real packages, from this machine's own apt sources. The packages are kept between runs; the first run fetches them.
 */

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/test-store', import.meta.url))

/** Why this machine cannot compose real packages; undefined if it can. */
export function unfitForComposing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: mounts, and files of many owners'
  try {
    hostSources({ architecture: hostArchitecture(), pockets: ['release'] })
  } catch (error) {
    if (isErrorCode(error, 'UPSTREAM_NO_SOURCES')) return 'this machine has no apt sources'
    throw error
  }
  return undefined
}

export function hostArchitecture(): string {
  const { stdout } = spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' })
  return (stdout ?? '').trim() || 'amd64'
}

/** A lock for each of these lists of packages, from one snapshot, and all their package files in the store that is kept. */
export async function realLocks<Name extends string>(
  wanted: Readonly<Record<Name, readonly string[]>>,
  { suite }: { readonly suite?: string } = {},
): Promise<ReadonlyMap<Name, Lock>> {
  mkdirSync(CACHE, { recursive: true })
  const store = openStore(CACHE)
  const architecture = hostArchitecture()
  await using fetcher = openFetcher()
  const { digest } = await snapshotUpstream({
    name: 'debian',
    upstream: { format: 'deb', pockets: ['release'], components: ['main'] } as const,
    architecture,
    store,
    fetcher,
    // Another release of the distribution lies at the same place, signed by the same keys.
    sources: hostSources({ architecture, pockets: ['release'] }).map((source) =>
      suite ? { ...source, suite } : source,
    ),
    verify: verifyClearSigned,
    now: Date.now(),
  })
  const sources = [{ name: 'debian', digest, priority: 500 }]
  const locks = new Map<Name, Lock>()
  for (const image in wanted) {
    const { lock } = makeLock({ store, image, format: 'deb', architecture, sources, install: wanted[image] })
    await fetchPackages({ lock, store, fetcher })
    locks.set(image, lock)
  }
  return locks
}

/** Where a package file of a lock is kept. */
export function keptPackage(digest: Digest): string {
  return openStore(CACHE).pathOf(digest)
}

/** A store that is handed the package files of a lock and nothing else. */
export async function storeWithPackages(directory: string, lock: Lock): Promise<Store> {
  const made = openStore(directory)
  for (const { sha256 } of lock.packages) {
    const digest: Digest = `sha256:${sha256}`
    await made.putStream(createReadStream(keptPackage(digest)), digest)
  }
  return made
}
