import { createReadStream, readFileSync } from 'node:fs'
import { type Digest, digestOf, hexOf, isErrorCode } from '@holotype/base'
import { failFormats, type Format, type InspectedPackage, inspectPackage, type PackageRecord } from '@holotype/formats'
import { failStore, type Store } from '@holotype/store'
import { INGESTED_AT_ONCE, INGESTED_TOGETHER, SMALL_PACKAGE_BYTES, STATE_TRIES } from '../limits.ts'
import { type ChunkEntry, readRecords, type StoredEntry } from './chunk.ts'
import { type Claim, claim, type Offer } from './claim.ts'
import { inParallel } from './in-parallel.ts'
import { type Chunk, type Manifest, readManifest } from './manifest.ts'
import { openPayloadChecks, type PayloadChecks } from './payload-checks.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'
import { inTurn } from './queue.ts'
import { putEntries, versionsOf } from './state.ts'

export interface Ingested {
  /** With `filename`. */
  readonly record: PackageRecord
  /** Of the file as it is served. */
  readonly digest: Digest
  /** False when this package was there already. */
  readonly added: boolean
}

/**
 * Takes a package file into one of our own repositories: its bytes into the store, signed where the format signs inside the file (rpm), its
 * record and its rendered entry into the state. The same file again, signed or not, changes nothing. What was taken in once under a name, version and
 * architecture never changes its bytes.
 * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_UNWRITABLE, REPOSITORY_BUSY, REPOSITORY_STATE_MALFORMED, FILE_UNREADABLE, PACKAGE_MALFORMED,
 * PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, STORE_DIGEST_MISMATCH (the file changed meanwhile), DISK_FULL, and what the signer throws
 */
export async function ingest(repository: OwnRepository, path: string): Promise<Ingested> {
  const [ingested] = await ingestMany(repository, [path])
  if (!ingested) throw new Error('a package taken in is neither there nor refused')
  return ingested
}

export interface IngestOptions {
  /**
   * `checked` (the default): a package whose payload is damaged never enters. `unread`: for a mass of packages that another repository served already. The
   * file is hashed and its metadata read and checked; its payload goes in as it is. Only for formats whose indexes say nothing of the payload
   * (`RepositoryWriter.metadataSuffices`).
   */
  readonly payload?: Payload
}

/**
 * Takes many package files in, all or none of every {@link INGESTED_TOGETHER}: one that is refused is the error.
 * @throws as {@link ingest}
 */
export async function ingestMany(
  repository: OwnRepository,
  paths: readonly string[],
  { payload = 'checked' }: IngestOptions = {},
): Promise<readonly Ingested[]> {
  const { name, repository: writer } = repository.format
  if (payload === 'unread' && !writer.metadataSuffices)
    throw failFormats('REPOSITORY_UNWRITABLE', {
      what: `an index of ${name} lists what the payload holds: it must be read`,
    })
  const results: Ingested[] = []
  await using checks = openPayloadChecks(
    repository.format,
    payload === 'checked' && writer.metadataSuffices ? paths.length : 0,
  )
  const read = payload === 'unread' ? { checks: undefined } : { checks }
  for (let at = 0; at < paths.length; at += INGESTED_TOGETHER)
    results.push(...(await ingestBatch(repository, paths.slice(at, at + INGESTED_TOGETHER), read)))
  return results
}

type Payload = 'checked' | 'unread'

interface Reading {
  /** Who checks payloads; undefined where nobody does. */
  readonly checks: PayloadChecks | undefined
}

async function ingestBatch(
  repository: OwnRepository,
  paths: readonly string[],
  { checks }: Reading,
): Promise<readonly Ingested[]> {
  const directory = stateDirectory(placeOf(repository))
  const before = readerOf(directory)
  const read = await inParallel(paths, INGESTED_AT_ONCE, (path) =>
    readOne(repository, path, { reader: before, checks }),
  )
  const there = (record: PackageRecord): Ingested => ({ record, digest: `sha256:${record.sha256}`, added: false })
  if (read.every(({ entry }) => !entry)) return read.map(({ record }) => there(record))
  return inTurn(directory, async () => {
    // Others may have taken packages in since.
    const reader = readerOf(directory)
    const fresh: ChunkEntry[] = []
    const freshByName = new Map<string, StoredEntry[]>()
    const results: Ingested[] = []
    for (const one of read) {
      const { name } = one.record
      const added = freshByName.get(name) ?? []
      const met = claim([...reader.versions(name), ...added], one, repository.format.compareVersions)
      if (met.kind === 'there') {
        results.push(there(met.stored.record))
        continue
      }
      const entry = await entryFor(repository, one, met)
      fresh.push(entry)
      freshByName.set(name, [...added, entry.stored])
      results.push({ ...there(entry.stored.record), added: true })
    }
    const entries = repository.format.repository.oneVersion ? newestOnly(repository, fresh, reader) : fresh
    if (entries.length > 0) await putEntries({ store: repository.store, directory }, entries)
    return results
  })
}

/**
 * Where an index holds one version of a name: the entries to put so that the newest of what is there and what is fresh is listed, and
 * what it takes the place of is withdrawn from now on.
 */
function newestOnly({ format }: OwnRepository, fresh: readonly ChunkEntry[], reader: Reader): readonly ChunkEntry[] {
  const withdrawn = Math.floor(Date.now() / 1000)
  const of = ({ record: { name, architecture } }: StoredEntry) => `${name} ${architecture}`
  return [...Map.groupBy(fresh, ({ stored }) => of(stored))].flatMap(([name, added]) => {
    const one = added[0]?.stored.record.name ?? ''
    const listed = reader.versions(one).filter((stored) => stored.withdrawn === undefined && of(stored) === name)
    const all = [...added, ...listed.map((stored): ChunkEntry => ({ stored, parts: {} }))]
    const newest = all.reduce((best, other) =>
      format.compareVersions(other.stored.record.version, best.stored.record.version) > 0 ? other : best,
    )
    const old = new Set(reader.versions(one).flatMap(({ key, withdrawn: since }) => (since === undefined ? [] : [key])))
    // What is listed already and stays so needs no new entry, nor does what was too old before.
    const changed = all.filter((entry) => (entry === newest ? added.includes(entry) : !old.has(entry.stored.key)))
    return changed.map((entry) => (entry === newest ? entry : { stored: { ...entry.stored, withdrawn }, parts: {} }))
  })
}

/** A package as it is served: its record has the size and digest of the file in the store. */
interface Read extends Offer {
  /** Absent if it was there. */
  readonly entry?: ChunkEntry
}

/** Reads a package, and unless it is there signs it, stores it and renders it: all that needs no turn. */
async function readOne(
  repository: OwnRepository,
  path: string,
  { reader, checks }: Reading & { readonly reader: Reader },
): Promise<Read> {
  const { store, format, component } = repository
  const inspected = await inspect(format, path)
  const { record } = inspected
  const content = await contentOf(repository, path, record)
  const native = format.repository.packagePath(record, component)
  const offer: Offer = { record, native, ...(content === undefined ? {} : { content }) }
  const met: Claim = claim(reader.versions(record.name), offer, repository.format.compareVersions)
  if (met.kind === 'there' && store.has(`sha256:${met.stored.record.sha256}`))
    return { ...offer, record: met.stored.record }
  if (format.repository.metadataSuffices) await checks?.check(path, record)
  const served = await serve(repository, path, { inspected, content, stored: met.stored })
  const to = met.kind === 'there' ? met.stored.record.filename : met.path
  const entry = await render(repository, { inspected: served, content, to })
  return { ...offer, record: entry.stored.record, entry }
}

/** What the indexes need of a package: its metadata, and where they list what it holds, its payload too, which is then read and so checked. */
async function inspect(format: Format, path: string): Promise<InspectedPackage> {
  if (!format.repository.metadataSuffices) return inspectPackage(format, path)
  return { ...(await format.readPackage(path)), files: [], needed: [], provided: [] }
}

/** What was rendered before the turn, if it still is what it takes, or what does instead. */
async function entryFor(
  repository: OwnRepository,
  { entry, record, content }: Read,
  { path: to, stored }: Extract<Claim, { kind: 'free' }>,
): Promise<ChunkEntry> {
  const sha256 = stored?.record.sha256 ?? record.sha256
  if (entry && entry.stored.record.filename === to && entry.stored.record.sha256 === sha256) return entry
  const inspected = await inspect(repository.format, repository.store.pathOf(`sha256:${sha256}`))
  return render(repository, { inspected, content, to })
}

/** @throws STORE_DIGEST_MISMATCH if it is no more the file that was read */
async function contentOf({ format }: OwnRepository, path: string, { sha256 }: PackageRecord) {
  const digests = await format.repository.signing?.digests(path)
  if (digests && digests.file !== sha256) throw changed(path)
  return digests?.content
}

interface ToServe {
  readonly inspected: InspectedPackage
  readonly content: string | undefined
  /** The same package as it was taken in before. */
  readonly stored: StoredEntry | undefined
}

/** The package as clients get it: signed where its format signs inside, its bytes in the store. */
async function serve(
  { store, format, signer }: OwnRepository,
  path: string,
  { inspected, content, stored }: ToServe,
): Promise<InspectedPackage> {
  const { signing } = format.repository
  const { record } = inspected
  const before = stored?.record
  const asItIs = !signing || before?.sha256 === record.sha256 || (!before && (await signing.isSigned(path, signer)))
  if (asItIs) {
    if (!store.has(`sha256:${record.sha256}`)) await keep(store, path, record)
    return inspected
  }
  // What was signed once stays as it is: clients know its digest.
  if (before) {
    const size = store.sizeOf(`sha256:${before.sha256}`)
    return { ...inspected, record: { ...record, size, sha256: before.sha256 } }
  }
  const { digest, size } = await store.putStream(signing.sign(path, signer))
  if ((await signing.digests(store.pathOf(digest))).content !== content) throw changed(path)
  return { ...inspected, record: { ...record, size, sha256: hexOf(digest) } }
}

function changed(path: string): Error {
  return failStore('STORE_DIGEST_MISMATCH', { what: `${path} changed while it was read` })
}

/** The file's bytes into the store, checked to be those that were read. @throws STORE_DIGEST_MISMATCH, DISK_FULL */
async function keep(store: Store, path: string, { size, sha256 }: PackageRecord): Promise<void> {
  const digest: Digest = `sha256:${sha256}`
  // A small file costs less in one piece; if it is not the one that was read, the long way says so.
  if (size <= SMALL_PACKAGE_BYTES) {
    const bytes = readFileSync(path)
    if (digestOf(bytes) === digest) {
      store.put(bytes)
      return
    }
  }
  await store.putStream(createReadStream(path), digest)
}

/** Renders a package whose file is in the store, to lie at `to`. */
async function render(
  { store, format, signer, translation }: OwnRepository,
  { inspected, content, to }: { inspected: InspectedPackage; content: string | undefined; to: string },
): Promise<ChunkEntry> {
  const companions = await format.repository.companions(store.pathOf(`sha256:${inspected.record.sha256}`), to, signer)
  const rendered = format.repository.renderEntry(inspected, to, companions)
  const { record, parts } = (translation && format.repository.withTranslation?.(rendered)) || rendered
  const stored: StoredEntry = {
    key: format.repository.sortKey(record),
    record,
    ...(content === undefined ? {} : { content }),
    companions: Object.fromEntries([...companions].map(([name, bytes]) => [name, store.put(bytes)])),
  }
  return { stored, parts }
}

interface Reader {
  versions(name: string): readonly StoredEntry[]
}

/**
 * The present state, each chunk of it read at most once. Without a turn, another process may replace a chunk before it is read: then the state is
 * read again.
 */
function readerOf(directory: string): Reader {
  let manifest: Manifest = readManifest(directory)
  const read = new Map<string, readonly StoredEntry[]>()
  const records = (chunk: Chunk) => {
    const known = read.get(chunk.id) ?? readRecords(directory, chunk)
    read.set(chunk.id, known)
    return known
  }
  return {
    versions(name) {
      for (let tries = 1; ; tries++) {
        try {
          return versionsOf(manifest, name, records)
        } catch (error) {
          if (!isErrorCode(error, 'REPOSITORY_STATE_MALFORMED') || tries >= STATE_TRIES) throw error
          manifest = readManifest(directory)
        }
      }
    },
  }
}
