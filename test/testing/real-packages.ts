import { spawnSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Digest, hexOf, isErrorCode } from '@holotype/base'
import { formats } from '@holotype/formats'
import { makeLock } from '@holotype/image'
import { fetchPackages, hostSources, openFetcher, snapshotUpstream } from '@holotype/repository'
import type { Lock, LockedPackage } from '@holotype/solver'
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

/** A package of one postinst, put into a store. */
export async function scriptPackage(store: Store, name: string, postinst: string): Promise<LockedPackage> {
  const fields = Object.entries({
    Package: name,
    Version: '1',
    Architecture: 'all',
    Maintainer: 'Jane Doe <jane@example.org>',
    Description: 'a sample',
  })
  const directory = mkdtempSync(join(tmpdir(), 'holotype-script-'))
  try {
    const path = join(directory, `${name}.deb`)
    const control = new Map([['postinst', { bytes: Buffer.from(`#!/bin/sh\n${postinst}\n`), mode: 0o755 }]])
    await formats.deb.writePackage(path, { fields, control, payload: [], epoch: 1 })
    const bytes = readFileSync(path)
    const own = { name, version: '1', architecture: 'all', source: name, sourceVersion: '1', from: 'debian' }
    return { ...own, size: bytes.length, sha256: hexOf(store.put(bytes)) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
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
