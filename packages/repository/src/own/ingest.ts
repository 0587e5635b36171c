import { createReadStream } from 'node:fs'
import { compareText, type Digest } from '@holotype/base'
import { failFormats, type Format, type PackageRecord, poolPath } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { type OwnPackage, ownPackages, rememberOwnPackages } from './state.ts'

export interface Ingested extends OwnPackage {
  readonly digest: Digest
  /** False when exactly this file was there already. */
  readonly added: boolean
}

/**
 * Takes a package file into our own repository: its bytes into the store, its record into the list. The same file again changes nothing.
 * What was taken in once under a name, version and architecture never changes its bytes. One process at a time may ingest.
 * @throws REPOSITORY_VERSION_TAKEN, FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, STORE_DIGEST_MISMATCH (the file
 * changed meanwhile), DISK_FULL
 */
export async function ingest(store: Store, path: string, format: Format): Promise<Ingested> {
  // The payload is visited, so that a damaged package never enters.
  const { record, fields } = await format.readPackage(path, () => {})
  const digest: Digest = `sha256:${record.sha256}`
  const added = { record, fields, digest, added: true }
  if (isThere(ownPackages(store), record) && store.has(digest)) return { ...added, added: false }
  await store.putStream(createReadStream(path), digest)
  // Read again: others of this process may have ingested while we copied. From here on nothing waits.
  const before = ownPackages(store)
  if (!isThere(before, record)) rememberOwnPackages(store, [...before, { record, fields }].sort(order))
  await store.flush()
  return added
}

/** @throws REPOSITORY_VERSION_TAKEN */
function isThere(packages: readonly OwnPackage[], record: PackageRecord): boolean {
  // Two versions that differ in the epoch alone would have one file name in the pool.
  const file = poolPath('main', record)
  const same = packages.find((item) => poolPath('main', item.record) === file)
  if (!same) return false
  if (same.record.sha256 === record.sha256) return true
  const { name, version, architecture } = same.record
  throw failFormats('REPOSITORY_VERSION_TAKEN', {
    what: `the repository has another file as ${name} ${version} ${architecture}`,
    data: { name, version, architecture, there: same.record.sha256, offered: record.sha256 },
  })
}

function order({ record: a }: OwnPackage, { record: b }: OwnPackage): number {
  return compareText(a.name, b.name) || compareText(a.version, b.version) || compareText(a.architecture, b.architecture)
}
