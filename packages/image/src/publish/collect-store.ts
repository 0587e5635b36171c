import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf } from '@holotype/base'
import {
  forgetNote,
  removeObject,
  type Store,
  type StoredNote,
  storedNotes,
  type StoredObject,
  storedObjects,
} from '@holotype/store'
import { SITE_GRACE_SECONDS, STORE_SCANNED_BYTES } from '../limits.ts'

export interface CollectStoreOptions {
  readonly store: Store
  /** What must stay, with all that it names: locks, what channels lead to, named snapshots. Digests that the store lacks are passed over. */
  readonly roots: Iterable<Digest>
  /** Objects that stay if all of these others do: a diff between two images. */
  readonly dependents?: readonly { readonly on: readonly Digest[]; readonly digest: Digest }[]
  /** Notes that are lists, which keep nothing by being there: whoever gives them writes them anew in `beforeRemoval`. */
  readonly isList: (key: string) => boolean
  readonly now: Date
  /** Seconds that what nobody needs stays after it was used last. Default: two weeks. */
  readonly grace?: number
  /** Removes nothing and tells what would be. */
  readonly dryRun?: boolean
  /** Called before the first object goes: from then on nothing may name those for which it says false. */
  readonly beforeRemoval?: (stays: (digest: Digest) => boolean) => Promise<void> | void
  /** Called after each thing removed. What it throws ends it there. */
  readonly afterStep?: () => void
}

export interface StoreAmount {
  readonly files: number
  readonly bytes: number
}

export interface CollectedStore {
  /** What somebody needs. */
  readonly needed: StoreAmount
  /** What nobody needs, and was used within the grace time, with what it names. */
  readonly recent: StoreAmount
  /** Objects, notes, and roots that were laid out. */
  readonly removed: StoreAmount
}

/**
 * Removes from a store what nobody needs any more. What the roots lead to stays; what was computed of something that stays, as long as its note is there; and what was
 * put or recalled within the grace time, with all it names. An object keeps whatever digest stands in its JSON, so that no kind of object can be forgotten.
 * Whoever calls it sees to it that nobody composes, builds or takes packages in meanwhile. Notes go first, then what names others before what it names, so that one that is
 * ended anywhere has left nothing that leads to what is gone; the next one goes on.
 */
export async function collectStore(options: CollectStoreOptions): Promise<CollectedStore> {
  const { store, now, grace = SITE_GRACE_SECONDS, dryRun = false, isList, dependents = [] } = options
  const since = now.getTime() / 1000 - grace
  const objects = new Map<Digest, StoredObject>()
  for (const object of storedObjects(store)) objects.set(object.digest, object)
  const notes = [...storedNotes(store)].filter(({ key }) => !isList(key))
  const marking: Marking = { store, objects, live: new Set(), named: new Map() }
  const follow = () => followComputed(marking, notes, dependents)
  mark(marking, options.roots)
  follow()
  const needed = new Set(marking.live)
  const usedLately = [
    ...[...objects.values()].filter(({ used }) => used > since).map(({ digest }) => digest),
    ...notes.filter(({ used }) => used > since).flatMap((note) => [...subjectsOf(note), ...digestsIn(note.value)]),
  ]
  mark(marking, usedLately)
  follow()
  const { live } = marking
  const gone = [...objects.values()].filter(({ digest }) => !live.has(digest))
  const staleNotes = notes.filter((note) => note.used <= since && leadsAstray(note, marking))
  const roots = laidOut(store).filter(({ tree }) => !live.has(tree))
  const removed = sum([...gone, ...staleNotes, ...roots.flatMap(({ files }) => files)])
  if (!dryRun) {
    await options.beforeRemoval?.((digest) => live.has(digest))
    for (const note of staleNotes) {
      forgetNote(store, note)
      options.afterStep?.()
    }
    // Durable before what they led to goes.
    await store.flush()
    for (const { path } of roots) rmSync(path, { recursive: true, force: true })
    for (const { digest } of namersFirst(gone, marking)) {
      removeObject(store, digest, since)
      options.afterStep?.()
    }
  }
  const kept = [...objects.values()].filter(({ digest }) => live.has(digest))
  return {
    needed: sum(kept.filter(({ digest }) => needed.has(digest))),
    recent: sum(kept.filter(({ digest }) => !needed.has(digest))),
    removed,
  }
}

interface Marking {
  readonly store: Store
  readonly objects: ReadonlyMap<Digest, StoredObject>
  /** What stays, so far. */
  readonly live: Set<Digest>
  /** What each object names of those in the store, as far as it was looked at. */
  readonly named: Map<Digest, readonly Digest[]>
}

function mark(marking: Marking, digests: Iterable<Digest>): void {
  const pending = [...digests]
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (!marking.objects.has(digest) || marking.live.has(digest)) continue
    marking.live.add(digest)
    pending.push(...namedBy(marking, digest))
  }
}

/** What was computed of something that stays, stays too; and so on. */
function followComputed(
  marking: Marking,
  notes: readonly StoredNote[],
  dependents: NonNullable<CollectStoreOptions['dependents']>,
): void {
  const { live, objects } = marking
  const rules = [
    ...dependents.map(({ on, digest }) => ({ on, keeps: [digest] })),
    ...notes.map((note) => ({
      on: subjectsOf(note).filter((digest) => objects.has(digest)),
      keeps: digestsIn(note.value),
    })),
  ].filter(({ on, keeps }) => on.length > 0 && keeps.length > 0)
  for (let before = -1; before < live.size; ) {
    before = live.size
    for (const { on, keeps } of rules) if (on.every((digest) => live.has(digest))) mark(marking, keeps)
  }
}

/** Whether a note leads to something, or is about something, that goes. */
function leadsAstray(note: StoredNote, { objects, live }: Marking): boolean {
  const of = [...subjectsOf(note), ...digestsIn(note.value)]
  return of.some((digest) => objects.has(digest) && !live.has(digest))
}

/** What a note is about: the digests in its key. */
function subjectsOf({ key }: StoredNote): readonly Digest[] {
  return digestsIn(key)
}

/** Digests as they stand in locks, in JSON and in keys of notes: with or without their algorithm. */
export function digestsIn(text: string): readonly Digest[] {
  return [...text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].map(([hex]): Digest => `sha256:${hex}`)
}

/** The digests in an object of JSON; others name nothing. */
function namedBy({ store, objects, named }: Marking, digest: Digest): readonly Digest[] {
  const known = named.get(digest)
  if (known) return known
  const size = objects.get(digest)?.size ?? 0
  const bytes = size > STORE_SCANNED_BYTES ? Buffer.alloc(0) : readFileSync(store.pathOf(digest))
  const isJson = bytes[0] === 0x7b || bytes[0] === 0x5b
  const found = isJson ? [...new Set(digestsIn(bytes.toString('latin1')))].filter((one) => objects.has(one)) : []
  named.set(digest, found)
  return found
}

/** Whatever names another object before that one. */
function namersFirst(gone: readonly StoredObject[], marking: Marking): readonly StoredObject[] {
  const left = new Map(gone.map((object) => [object.digest, object]))
  const after: StoredObject[] = []
  for (const { digest: first } of gone) {
    const path: { readonly object: StoredObject; readonly names: Digest[] }[] = []
    const enter = (digest: Digest) => {
      const object = left.get(digest)
      left.delete(digest)
      if (object) path.push({ object, names: [...namedBy(marking, digest)] })
    }
    enter(first)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.names.pop()
      if (next !== undefined) enter(next)
      else after.push(...path.splice(-1).map(({ object }) => object))
    }
  }
  return after.reverse()
}

/** Images that were laid out as directories, to run programs on. */
function laidOut({ directory }: Store) {
  const roots = join(directory, 'roots')
  if (!existsSync(roots)) return []
  return readdirSync(roots)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => ({ tree: `sha256:${name}` as const, path: join(roots, name), files: filesBelow(join(roots, name)) }))
}

function filesBelow(directory: string): readonly { readonly size: number }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ size: sizeOf(join(entry.parentPath, entry.name)) }))
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0
    throw error
  }
}

function sum(files: readonly { readonly size: number }[]): StoreAmount {
  return { files: files.length, bytes: files.reduce((bytes, { size }) => bytes + size, 0) }
}
