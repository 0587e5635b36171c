import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, type Digest, digestOf, hexOf } from '@holotype/base'
import { compress, type Format, type PathListToWrite, type RepositorySettings } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { INGESTED_AT_ONCE } from '../limits.ts'
import { readRecords } from './chunk.ts'
import { inParallel } from './in-parallel.ts'
import type { Manifest } from './manifest.ts'
import type { OwnRepository } from './place.ts'
import type { PlacedIndex } from './write-indexes.ts'

export interface WritePathLists {
  readonly repository: OwnRepository
  /** The state's. */
  readonly directory: string
  readonly manifest: Manifest
  readonly settings: RepositorySettings
  /** Where the files are made. */
  readonly work: string
}

/**
 * Writes the indexes whose order is that of paths over all packages (apt's Contents): they cannot be put together of rendered packages, and
 * are made anew for each state. What a package holds is read from its file once and noted in the store.
 * @throws REPOSITORY_STATE_MALFORMED, OBJECT_MISSING, PACKAGE_MALFORMED, DISK_FULL
 */
export async function writePathLists(options: WritePathLists): Promise<readonly PlacedIndex[]> {
  const { repository, settings } = options
  const lists = repository.format.repository.pathLists?.(settings) ?? []
  const placed: PlacedIndex[] = []
  for (const [at, list] of lists.entries()) placed.push(await writeOne(options, list, at))
  return placed
}

async function writeOne(
  { repository, directory, manifest, work }: WritePathLists,
  list: PathListToWrite,
  at: number,
): Promise<PlacedIndex> {
  const wanted = new Set(list.architectures)
  const records = manifest.chunks
    .flatMap((chunk) => readRecords(directory, chunk))
    .flatMap(({ record, withdrawn }) => (withdrawn === undefined && wanted.has(record.architecture) ? [record] : []))
  const paths = await inParallel(records, INGESTED_AT_ONCE, ({ sha256 }) =>
    pathsOf(repository.store, repository.format, `sha256:${sha256}`),
  )
  const plain = Buffer.from(list.render(records.map((record, index) => ({ record, paths: paths[index] ?? [] }))))
  const bytes = await compress(plain, list.form)
  const file = join(work, `paths-${at}`)
  try {
    writeFileSync(file, bytes)
  } catch (error) {
    throw asDiskFull(error, file)
  }
  const sha256 = hexOf(digestOf(bytes))
  const open = { size: plain.length, sha256: hexOf(digestOf(plain)) }
  return {
    written: { name: list.name, compression: list.form.compression, size: bytes.length, sha256, open, file },
    path: list.path(sha256),
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
