import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import { WITHDRAWN_SECONDS } from '../limits.ts'
import { chunkDirectory, readRecords, type StoredEntry } from './chunk.ts'
import { currentNumber, readGeneration } from './generation.ts'
import { readManifest } from './manifest.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'
import { inTurn } from './queue.ts'

export interface CollectOptions {
  /** Seconds since the epoch. */
  readonly now: number
  /** Seconds that a withdrawn package's file stays. Default: a week. */
  readonly grace?: number
  /** Removes nothing and tells what would be. */
  readonly dryRun?: boolean
}

/**
 * Removes from what is served below `base` the files of packages that were withdrawn at least `grace` seconds before `now` (seconds since the
 * epoch), and from the state what stopped runs left there. The store keeps every package: locks name them. Before the present state is published no
 * package file goes. Gives back the paths below the base.
 * @throws REPOSITORY_BUSY, REPOSITORY_STATE_MALFORMED, REPOSITORY_UNWRITABLE
 */
export async function collectGarbage(
  repository: OwnRepository,
  base: string,
  { now, grace = WITHDRAWN_SECONDS, dryRun = false }: CollectOptions,
): Promise<readonly string[]> {
  const directory = stateDirectory(placeOf(repository))
  return inTurn(directory, async () => {
    const { chunks } = readManifest(directory)
    const known = new Set(chunks.map(({ id }) => id))
    for (const id of chunksThere(directory))
      if (!dryRun && !known.has(id)) rmSync(chunkDirectory(directory, id), { recursive: true, force: true })
    // As long as clients see a state in which a package is listed yet, its file stays.
    if (!isPublished(base, repository.name, known)) return []
    const entries = chunks.flatMap((chunk) => readRecords(directory, chunk))
    const pathsOf = (some: readonly StoredEntry[]) =>
      some.flatMap(({ record, companions }) => [...Object.keys(companions), record.filename])
    const isOld = ({ withdrawn }: StoredEntry) => withdrawn !== undefined && withdrawn + grace <= now
    // Versions of a source package share files.
    const kept = new Set(pathsOf(entries.filter((entry) => !isOld(entry))))
    const removed = [...new Set(pathsOf(entries.filter(isOld)))].filter(
      (path) => !kept.has(path) && existsSync(join(base, path)),
    )
    if (!dryRun) for (const path of removed) rmSync(join(base, path), { force: true })
    return removed
  })
}

function isPublished(base: string, name: string, chunks: ReadonlySet<string>): boolean {
  const number = currentNumber(base, name)
  const state = number === undefined ? undefined : readGeneration(base, name, number)
  return state?.chunks.length === chunks.size && state.chunks.every((id) => chunks.has(id))
}

function chunksThere(directory: string): readonly string[] {
  try {
    return readdirSync(join(directory, 'chunks'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
