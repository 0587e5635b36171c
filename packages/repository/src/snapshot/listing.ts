import { setImmediate as turn } from 'node:timers/promises'
import { type Digest, type Progress, runTask } from '@holotype/base'
import { failFormats, type Format, formatOf, type PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import type { SnapshotIndex } from '../types.ts'
import { readSnapshot } from './candidates.ts'
import { recallObject } from './recall.ts'
import { readIndex } from './records.ts'

/*
 * What an index lists, in short: enough to count, to compare and to fetch, read in a tenth of the time that the index takes. Made once per
 * index. It is one JSON array with a line for each item: the head, then the packages in the index's own order.
 */

/** A package of an index: what it is called, where it lies, what its file is. */
export type ListedPackage = readonly [
  name: string,
  version: string,
  architecture: string,
  source: string,
  size: number,
  sha256: string,
  filename: string,
]

const SCHEMA = 'holotype.listing/1'
/** Lines that are turned into bytes at once. */
const BLOCK = 1024

/** The packages of an index, from its listing. @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED, DISK_FULL */
export function listedPackages(store: Store, format: Format, index: SnapshotIndex): readonly ListedPackage[] {
  const digest = listingOf(store, format, index)
  const value: unknown = JSON.parse(store.read(digest).toString())
  // Written here and read back by its digest: the form alone is checked.
  if (!Array.isArray(value) || headOf(value[0]) !== value.length - 1) throw malformed(digest)
  const [, ...packages]: ListedPackage[] = value
  return packages
}

/** How many packages an index lists, each version counted. @throws as {@link listedPackages} */
export function countListed(store: Store, format: Format, index: SnapshotIndex): number {
  const digest = listingOf(store, format, index)
  const bytes = store.read(digest)
  const head: unknown = JSON.parse(`${bytes.toString('utf8', 0, bytes.indexOf('\n')).replace(/,$/, '')}]`)
  const count = Array.isArray(head) ? headOf(head[0]) : undefined
  if (count === undefined) throw malformed(digest)
  return count
}

/** The listing of an index, from the store or made now: an object. @throws as {@link listedPackages} */
export function listingOf(store: Store, format: Format, index: SnapshotIndex): Digest {
  const key = keyOf(format, index)
  const known = recallObject(store, key)
  if (known) return known
  const bytes = render(recordsOf(store, format, index))
  const listing = store.put(bytes)
  letGo(bytes)
  store.remember(key, listing)
  return listing
}

/**
 * Makes the listings that snapshots lack, those of a lock that came with git or of an older version, telling of it: a large one takes a second.
 * @throws as {@link listedPackages}
 */
export async function makeListings(store: Store, snapshots: readonly Digest[], progress: Progress): Promise<void> {
  const lacking = new Map<string, () => void>()
  for (const digest of snapshots) {
    const { format: name, suites } = readSnapshot(store, digest)
    const format = formatOf(name)
    for (const index of suites.flatMap(({ indexes }) => indexes))
      if (!recallObject(store, keyOf(format, index)))
        lacking.set(keyOf(format, index), () => listingOf(store, format, index))
  }
  if (lacking.size === 0) return
  await runTask(progress, { title: 'list packages', total: lacking.size, unit: 'steps' }, async (task) => {
    for (const [done, make] of [...lacking.values()].entries()) {
      task.advance(done)
      // Who draws the progress gets a turn.
      await turn()
      make()
    }
  })
}

function keyOf(format: Format, { form, digest }: SnapshotIndex): string {
  return `listing/${format.name}-${form}-${digest.slice('sha256:'.length)}`
}

/**
 * The records of an index, one after another. Where the format can, each is let go before the next is parsed: all of a large index together
 * take more memory than its bytes.
 */
function* recordsOf(store: Store, format: Format, index: SnapshotIndex): Generator<PackageRecord, void, undefined> {
  if (index.form === 'index' && format.packagesOf) {
    const bytes = store.read(index.digest)
    try {
      return yield* format.packagesOf(bytes)
    } finally {
      letGo(bytes)
    }
  }
  if (index.form !== 'index' || !format.openIndex) return yield* readIndex(store, format, index)
  const opened = format.openIndex(store.read(index.digest))
  for (let place = 0; place < opened.size; place++) yield opened.record(place)
}

/**
 * Frees bytes now that nobody looks at any more. The collector counts a buffer by its handle, and leaves hundreds of MB until long after the
 * next reading of the index has taken as much again. Bytes that share their memory with others (small ones, of Node's pool) stay as they are.
 */
function letGo(bytes: Buffer): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) buffer.transfer(0)
}

function render(records: Iterable<PackageRecord>): Buffer {
  const blocks: Buffer[] = []
  let block = ''
  let count = 0
  for (const { name, version, architecture, source, size, sha256, filename } of records) {
    // Locks name packages by it, and what is fetched is checked by it.
    if (sha256 === '')
      throw failFormats('REPOSITORY_MALFORMED', { what: `the index has no SHA-256 of ${name} ${version}` })
    const item: ListedPackage = [name, version, architecture, source, size, sha256, filename]
    block += `,\n${JSON.stringify(item)}`
    if (++count % BLOCK > 0) continue
    blocks.push(Buffer.from(block))
    block = ''
  }
  const head = Buffer.from(`[${JSON.stringify([SCHEMA, count])}`)
  const listing = Buffer.concat([head, ...blocks, Buffer.from(`${block}\n]\n`)])
  blocks.forEach(letGo)
  return listing
}

/** The number of packages that a listing's head states. */
function headOf(value: unknown): number | undefined {
  return Array.isArray(value) && value[0] === SCHEMA && typeof value[1] === 'number' ? value[1] : undefined
}

function malformed(digest: Digest): Error {
  return fail('SNAPSHOT_MALFORMED', { what: `the object ${digest} is no listing of an index` })
}
