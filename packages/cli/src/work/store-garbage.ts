import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { lockedDigests, lockPathOf } from '@holotype/distribution'
import { type CollectedStore, collectStore, digestsIn } from '@holotype/image'
import { forgetSnapshots, SNAPSHOTS_NOTE, takenSnapshots } from '@holotype/repository'
import { type Store, storedNotes } from '@holotype/store'
import type { Context } from '../context.ts'
import { imageNames } from './images.ts'
import { keepNames, namesOf } from './names.ts'
import { pinsOf } from './pins.ts'

/**
 * Removes from the store what no lock, image, snapshot, channel or repository of the distribution needs. Only while no other command changes the state
 * directory.
 * @throws DISTRIBUTION_*, SNAPSHOT_MALFORMED, what `collectStore` throws
 */
export async function collectStoreGarbage(
  context: Context,
  { dryRun, grace }: { readonly dryRun: boolean; readonly grace: number | undefined },
): Promise<CollectedStore> {
  const store = await context.store()
  const diffs = listed(store, 'diffs').flatMap((name) => namesOf(store, 'diffs', name))
  return collectStore({
    store,
    roots: await rootsOf(context, store),
    dependents: diffs.filter((diff) => store.has(diff)).map((digest) => ({ on: comparedBy(store, digest), digest })),
    isList: (key) => /^(?:images|diffs)\//.test(key) || key === SNAPSHOTS_NOTE,
    now: context.now(),
    ...(grace === undefined ? {} : { grace }),
    dryRun,
    beforeRemoval(stays) {
      for (const kind of ['images', 'diffs'] as const)
        for (const name of listed(store, kind)) keepNames(store, kind, { name, stays })
      forgetSnapshots(store, stays)
    },
  })
}

async function rootsOf(context: Context, store: Store): Promise<Digest[]> {
  const distribution = await context.distribution()
  const locks = imageNames(distribution).flatMap((image) => textAt(lockPathOf(distribution, image)))
  const inGit = await lockedDigests(distribution.directory)
  const snapshots = takenSnapshots(store)
  const newest = new Map(snapshots.map(({ upstream, snapshot }) => [upstream, snapshot]))
  return [
    ...locks.flatMap(digestsIn),
    ...[...inGit].flatMap(digestsIn),
    ...pinsOf(distribution).values(),
    // What channels lead to, led to lately, and would go back to: `repo gc` removes the statements of others.
    ...textsBelow(join(context.home.site, 'channels')).flatMap(digestsIn),
    ...imageNames(distribution).flatMap((name) => namesOf(store, 'images', name).slice(-1)),
    ...snapshots.filter(({ name }) => name !== null).map(({ snapshot }) => snapshot),
    ...newest.values(),
    // What our own repositories hold, and what was withdrawn from them.
    ...textsBelow(join(store.directory, 'repositories')).flatMap(digestsIn),
  ]
}

/** The names that have a list. */
function listed(store: Store, kind: 'images' | 'diffs'): readonly string[] {
  return [...storedNotes(store)].flatMap(({ key }) => (key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : []))
}

/** The images that a diff is between. */
function comparedBy(store: Store, diff: Digest): readonly Digest[] {
  const value = store.readJson(diff)
  if (typeof value !== 'object' || value === null || !('from' in value) || !('to' in value)) return []
  return digestsIn(JSON.stringify([value.from, value.to]))
}

function textAt(path: string): readonly string[] {
  return existsSync(path) ? [readFileSync(path, 'latin1')] : []
}

function textsBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}
