import { type Digest, digestOf } from '@holotype/base'
import { type Dependencies, type Format, formatOf, type PackageIndex, type PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { Fetcher } from '../fetch/fetcher.ts'
import type { Snapshot, SnapshotIndex, SnapshotSuite, TakenSnapshot } from '../types.ts'
import { takeIndex } from './indexes.ts'
import { openedIndex } from './opened.ts'
import { readIndex } from './records.ts'
import { recallObject } from './recall.ts'

/*
 * An rpm may require a path. The index lists the paths that are most often required (those below /etc and in bin directories); the others stand
 * in a second index many times as large, which is fetched only when a relation names a path that nothing lists.
 */

const filesSchema = z.strictObject({
  schema: z.literal('holotype.files/1'),
  /** The packages that have a path, by their SHA-256. */
  files: z.record(z.string().startsWith('/'), z.array(z.string().regex(/^[0-9a-f]{64}$/))),
})

/** Paths by the SHA-256 of the package that has them. @throws SNAPSHOT_MALFORMED, OBJECT_MISSING, OBJECT_CORRUPT */
export function readFiles(store: Store, { digest }: SnapshotIndex): ReadonlyMap<string, readonly string[]> {
  const result = filesSchema.safeParse(store.readJson(digest))
  if (!result.success)
    throw fail('SNAPSHOT_MALFORMED', { what: `the object ${digest} is no list of files`, cause: result.error })
  const found = new Map<string, string[]>()
  for (const [path, packages] of Object.entries(result.data.files))
    for (const sha256 of packages) found.set(sha256, [...(found.get(sha256) ?? []), path])
  return found
}

export interface ListFilesRequest {
  readonly store: Store
  readonly fetcher: Fetcher
  /** What will be resolved together: one may require a path of another. */
  readonly snapshots: readonly TakenSnapshot[]
  /** What is resolved together with them and stays as it is: pinned snapshots, own repositories. */
  readonly fixed?: readonly TakenSnapshot[]
}

/**
 * The snapshots, completed by the packages that have the paths which their relations name and their indexes do not list. Without such a path
 * nothing is fetched and nothing changes.
 * @throws UPSTREAM_UNREACHABLE, UPSTREAM_MISMATCH, OBJECT_*, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED, DISK_FULL
 */
export async function listWantedFiles({
  store,
  fetcher,
  snapshots,
  fixed = [],
}: ListFilesRequest): Promise<TakenSnapshot[]> {
  const able = snapshots.some(({ snapshot }) => formatOf(snapshot.format).upstream.fileIndexes !== undefined)
  const wanted = able ? unlistedPaths(store, snapshots, fixed) : new Set<string>()
  if (wanted.size === 0) return [...snapshots]
  const completed: TakenSnapshot[] = []
  for (const taken of snapshots) completed.push(await complete({ store, fetcher, taken, wanted }))
  await store.flush()
  return completed
}

/** The paths that some relation names and no package is known to have. */
function unlistedPaths(
  store: Store,
  snapshots: readonly TakenSnapshot[],
  fixed: readonly TakenSnapshot[],
): Set<string> {
  const wanted = new Set<string>()
  const listed = new Set<string>()
  const opened: PackageIndex[] = []
  for (const { snapshot } of [...snapshots, ...fixed])
    for (const index of snapshot.suites.flatMap(({ indexes }) => indexes).filter(({ form }) => form !== 'files')) {
      const lazy = openedIndex(store, formatOf(snapshot.format), index)
      if (lazy) opened.push(lazy)
      else notePaths(readIndex(store, formatOf(snapshot.format), index), wanted, listed)
    }
  for (const { paths = [] } of opened) for (const path of paths) wanted.add(path)
  for (const { snapshot } of fixed)
    for (const index of snapshot.suites.flatMap(({ indexes }) => indexes).filter(({ form }) => form === 'files'))
      for (const paths of readFiles(store, index).values()) for (const path of paths) listed.add(path)
  for (const path of wanted)
    if (listed.has(path) || opened.some((index) => index.providing(path).length > 0)) wanted.delete(path)
  return wanted
}

/** Of records at hand: which paths they name, which they have. */
function notePaths(records: readonly PackageRecord[], wanted: Set<string>, listed: Set<string>): void {
  const seen = new Set<readonly unknown[]>()
  for (const record of records) {
    for (const path of record.files ?? []) listed.add(path)
    for (const { name } of record.provides) if (name.startsWith('/')) listed.add(name)
    for (const dependencies of dependenciesOf(record)) {
      // Records share what repeats: one look at each is enough.
      if (dependencies.length === 0 || seen.has(dependencies)) continue
      seen.add(dependencies)
      for (const alternatives of dependencies)
        for (const { name } of alternatives) if (name.startsWith('/')) wanted.add(name)
    }
  }
}

function dependenciesOf({ depends, preDepends, recommends, supplements = [] }: PackageRecord): Dependencies[] {
  return [depends, preDepends, recommends, supplements]
}

interface Completing {
  readonly store: Store
  readonly fetcher: Fetcher
  readonly taken: TakenSnapshot
  readonly wanted: ReadonlySet<string>
}

async function complete({ store, fetcher, taken, wanted }: Completing): Promise<TakenSnapshot> {
  const format = formatOf(taken.snapshot.format)
  let { bytesFetched } = taken
  const suites: SnapshotSuite[] = []
  for (const suite of taken.snapshot.suites) {
    const found = await filesOf({ store, fetcher, taken, wanted }, format, suite)
    bytesFetched += found?.fetched ?? 0
    const indexes = suite.indexes.filter(({ form }) => form !== 'files')
    suites.push({
      ...suite,
      indexes: found ? [...indexes, { component: '', form: 'files', digest: found.digest }] : indexes,
    })
  }
  const snapshot: Snapshot = { ...taken.snapshot, suites }
  return { digest: store.putJson(snapshot), snapshot, bytesFetched }
}

async function filesOf(
  { store, fetcher, taken, wanted }: Completing,
  format: Format,
  { suite, top, base, indexes }: SnapshotSuite,
): Promise<{ readonly digest: Digest; readonly fetched: number } | undefined> {
  const { upstream } = format
  if (!upstream.fileIndexes || !upstream.parseFileIndex || top === undefined || base === null) return undefined
  const place = { suite, component: indexes[0]?.component ?? '', architecture: taken.snapshot.architecture }
  // Its signature was checked when it was taken, and the store gives back the same bytes.
  const forms = upstream.fileIndexes(upstream.parseTop(store.read(top), place), place)
  if (forms.length === 0) return undefined
  const { digest, fetched } = await takeIndex({ uri: base, store, fetcher }, forms)
  const key = `files/${digest.slice('sha256:'.length)}-${digestOf([...wanted].sort().join('\n')).slice('sha256:'.length)}`
  const known = recallObject(store, key)
  if (known) return { digest: known, fetched }
  const found = upstream.parseFileIndex(store.read(digest), wanted)
  const answer = store.putJson({ schema: 'holotype.files/1', files: Object.fromEntries(found) })
  store.remember(key, answer)
  return { digest: answer, fetched }
}
