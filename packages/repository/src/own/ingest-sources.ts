import { createReadStream, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { type Digest, errnoOf, failBase, isErrorCode } from '@holotype/base'
import { failFormats, type SourcePackage, type SourceWriter } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { PACKAGE_BYTES, SOURCE_BYTES } from '../limits.ts'
import { type ChunkEntry, readRecords, type StoredEntry } from './chunk.ts'
import { claim } from './claim.ts'
import type { Ingested } from './ingest.ts'
import { readManifest } from './manifest.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'
import { inTurn } from './queue.ts'
import { putEntries, versionsOf } from './state.ts'

/**
 * Takes source packages into one of our own repositories, all or none: of each the file that names the others (deb: the .dsc), and the others, which lie
 * beside it or are in the store already. Each is checked by the digest that it is named with. The same source package again, signed anew or not,
 * changes nothing; other bytes under a version that was taken once are refused, and so is a file that another version has with other bytes.
 * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_UNWRITABLE, REPOSITORY_BUSY, REPOSITORY_STATE_MALFORMED, FILE_UNREADABLE, PACKAGE_MALFORMED,
 * PACKAGE_TOO_LARGE, DISK_FULL
 */
export async function ingestSources(repository: OwnRepository, paths: readonly string[]): Promise<readonly Ingested[]> {
  const { store, format } = repository
  const writer = format.repository.sources
  if (!writer) throw failFormats('REPOSITORY_UNWRITABLE', { what: `${format.name} has no source packages of files` })
  const directory = stateDirectory(placeOf(repository))
  const read: Read[] = []
  for (const path of paths) read.push(await readSource(store, writer, path))
  return inTurn(directory, async () => {
    const manifest = readManifest(directory)
    const fresh: ChunkEntry[] = []
    const results = read.map((one): Ingested => {
      const { name } = one.source.record
      const versions = [
        ...versionsOf(manifest, name, (chunk) => readRecords(directory, chunk)),
        ...fresh.flatMap(({ stored }) => (stored.record.name === name ? [stored] : [])),
      ]
      const entry = entryFor(repository, writer, { ...one, versions })
      if ('parts' in entry) fresh.push(entry)
      const { record } = 'parts' in entry ? entry.stored : entry
      return { record, digest: `sha256:${record.sha256}`, added: 'parts' in entry }
    })
    if (fresh.length > 0) await putEntries({ store, directory }, fresh)
    return results
  })
}

interface Read {
  readonly source: SourcePackage
  readonly bytes: Buffer
}

/** Reads a source package; its files are in the store then. */
async function readSource(store: Store, writer: SourceWriter, path: string): Promise<Read> {
  const bytes = read(path)
  const source = writer.read(bytes, path)
  for (const { name, size, sha256 } of source.files) {
    if (size > PACKAGE_BYTES)
      throw failFormats('PACKAGE_TOO_LARGE', { what: `${name} has more than PACKAGE_BYTES, ${PACKAGE_BYTES}, bytes` })
    if (!store.has(`sha256:${sha256}`)) await keep(store, { path, name, size, sha256 })
  }
  store.put(bytes)
  return { source, bytes }
}

function read(path: string): Buffer {
  try {
    const { size } = statSync(path)
    if (size <= SOURCE_BYTES) return readFileSync(path)
    throw failFormats('PACKAGE_TOO_LARGE', { what: `${path} has more than SOURCE_BYTES, ${SOURCE_BYTES}, bytes` })
  } catch (error) {
    if (errnoOf(error) === 'PACKAGE_TOO_LARGE') throw error
    throw unreadable(path, error)
  }
}

/** A file that a source package names, which lies beside `path`, into the store. */
async function keep(
  store: Store,
  {
    path,
    name,
    size,
    sha256,
  }: { readonly path: string; readonly name: string; readonly size: number; readonly sha256: string },
): Promise<void> {
  const beside = join(dirname(path), name)
  const wrong = (what: string, cause?: unknown) =>
    failFormats('PACKAGE_MALFORMED', { what: `${beside} ${what}`, cause })
  let there: number
  try {
    there = statSync(beside).size
  } catch (error) {
    throw unreadable(beside, error)
  }
  if (there !== size) throw wrong(`has ${there} bytes, and ${path} says ${size}`)
  try {
    await store.putStream(createReadStream(beside), `sha256:${sha256}`)
  } catch (error) {
    if (isErrorCode(error, 'STORE_DIGEST_MISMATCH'))
      throw wrong(`has not the SHA-256 ${sha256} that ${path} says`, error)
    throw error
  }
}

/** A source package's entry, or the one that is there. Those of one version with the same bytes are one. */
function entryFor(
  { format, component, store }: OwnRepository,
  writer: SourceWriter,
  { source, bytes, versions }: Read & { readonly versions: readonly StoredEntry[] },
): ChunkEntry | StoredEntry {
  const { record, content, files } = source
  const native = writer.path(record, component)
  const met = claim(versions, { record, content, native }, format.compareVersions)
  if (met.kind === 'there') return met.stored
  // One that was withdrawn comes back with the bytes that clients know.
  const kept = met.stored === undefined ? bytes : store.read(`sha256:${met.stored.record.sha256}`)
  const known = met.stored === undefined ? source : writer.read(kept, met.path)
  const companions = Object.fromEntries(
    files.map(({ name, sha256 }) => [posix.join(posix.dirname(met.path), name), `sha256:${sha256}` as const]),
  )
  refuseOthers(versions, companions)
  const entry = writer.renderEntry(kept, known, met.path)
  const key = format.repository.sortKey(entry.record)
  return { stored: { key, record: entry.record, content, companions }, parts: entry.parts }
}

/** Versions share files (an upstream's tarball): under one name they have the same bytes. */
function refuseOthers(versions: readonly StoredEntry[], companions: Readonly<Record<string, Digest>>): void {
  for (const { record, companions: theirs } of versions)
    for (const [path, digest] of Object.entries(theirs))
      if (Object.hasOwn(companions, path) && companions[path] !== digest)
        throw failFormats('REPOSITORY_VERSION_TAKEN', {
          what: `${path} is there with other bytes: ${record.name} ${record.version} came with it`,
          data: { path, there: digest, offered: companions[path] },
        })
}

function unreadable(path: string, cause: unknown): Error {
  return failBase('FILE_UNREADABLE', { what: `${path} cannot be read`, cause })
}
