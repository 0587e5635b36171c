import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, type Digest, digestOf, hexOf } from '@holotype/base'
import { compress, type Format, type WholeIndexToWrite, type RepositorySettings } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { INGESTED_AT_ONCE } from '../limits.ts'
import { readRecords } from './chunk.ts'
import { inParallel } from './in-parallel.ts'
import type { Manifest } from './manifest.ts'
import type { OwnRepository } from './place.ts'
import type { PlacedIndex } from './write-indexes.ts'

export interface WriteWholeIndexes {
  readonly repository: OwnRepository
  /** The state's. */
  readonly directory: string
  readonly manifest: Manifest
  readonly settings: RepositorySettings
  /** Where the files are made. */
  readonly work: string
}

/**
 * Writes the indexes that say something of all packages together (apt's Contents, rpm's updateinfo): they cannot be put together of rendered
 * packages, and are made anew for each state. What a package holds is read from its file once and noted in the store.
 * @throws REPOSITORY_STATE_MALFORMED, OBJECT_MISSING, PACKAGE_MALFORMED, DISK_FULL
 */
export async function writeWholeIndexes(options: WriteWholeIndexes): Promise<readonly PlacedIndex[]> {
  const { repository, settings } = options
  const indexes = repository.format.repository.wholeIndexes?.(settings) ?? []
  const placed: PlacedIndex[] = []
  for (const [at, index] of indexes.entries()) placed.push(await writeOne(options, index, at))
  return placed
}

async function writeOne(
  { repository, directory, manifest, work }: WriteWholeIndexes,
  index: WholeIndexToWrite,
  at: number,
): Promise<PlacedIndex> {
  const wanted = new Set(index.architectures)
  const records = manifest.chunks
    .flatMap((chunk) => readRecords(directory, chunk))
    .flatMap(({ record, withdrawn }) => (withdrawn === undefined && wanted.has(record.architecture) ? [record] : []))
  const paths = index.wantsPaths
    ? await inParallel(records, INGESTED_AT_ONCE, ({ sha256 }) =>
        pathsOf(repository.store, repository.format, `sha256:${sha256}`),
      )
    : []
  const plain = Buffer.from(index.render(records.map((record, which) => ({ record, paths: paths[which] ?? [] }))))
  const bytes = await compress(plain, index.form)
  const file = join(work, `whole-${at}`)
  try {
    writeFileSync(file, bytes)
  } catch (error) {
    throw asDiskFull(error, file)
  }
  const sha256 = hexOf(digestOf(bytes))
  const open = { size: plain.length, sha256: hexOf(digestOf(plain)) }
  return {
    written: { name: index.name, compression: index.form.compression, size: bytes.length, sha256, open, file },
    path: index.path(sha256),
  }
}

/** The paths of a package's files, links and devices; directories belong to no one package. */
async function pathsOf(store: Store, format: Format, digest: Digest): Promise<readonly string[]> {
  const key = `paths/${hexOf(digest)}`
  const known = store.recall(key)
  if (known !== undefined) return known === '' ? [] : known.split('\0')
  const paths: string[] = []
  await format.readPackage(store.pathOf(digest), ({ path, type }) => {
    if (type !== 'directory') paths.push(path)
  })
  store.remember(key, paths.join('\0'))
  return paths
}
