import { type Digest, isDigest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { SNAPSHOTS_REMEMBERED } from '../limits.ts'
import { recallObject } from './recall.ts'

/** A snapshot as it was taken here. */
export interface TakenNote {
  /** The upstream, by its name in the distribution. */
  readonly upstream: string
  readonly snapshot: Digest
  /** When it was taken, ISO 8601, UTC: of equal ones the last time. */
  readonly taken: string
  /** What keeps it until it is dropped; null: nothing but locks. */
  readonly name: string | null
}

/** The note that names the list of snapshots taken, an object. */
export const SNAPSHOTS_NOTE = 'repository/snapshots'

const listSchema = z.array(
  z.strictObject({
    upstream: z.string(),
    snapshot: z.custom<Digest>((value) => isDigest(value)),
    taken: z.iso.datetime(),
    name: z.string().nullable(),
  }),
)

/** The snapshots taken here, in the order they were last taken. @throws SNAPSHOT_MALFORMED */
export function takenSnapshots(store: Store): readonly TakenNote[] {
  const digest = recallObject(store, SNAPSHOTS_NOTE)
  if (digest === undefined) return []
  const result = listSchema.safeParse(store.readJson(digest))
  if (result.success) return result.data
  throw fail('SNAPSHOT_MALFORMED', { what: `the list of snapshots ${digest} does not parse`, cause: result.error })
}

/**
 * Notes that a snapshot was taken, and under which name if it gets one. One process at a time may do so.
 * @throws SNAPSHOT_NAME_TAKEN if the name is another snapshot's
 */
export function rememberTaken(store: Store, note: TakenNote): void {
  const before = takenSnapshots(store)
  const other = note.name === null ? undefined : before.find(({ name }) => name === note.name)
  if (other && other.snapshot !== note.snapshot)
    throw fail('SNAPSHOT_NAME_TAKEN', {
      what: `"${note.name}" names the snapshot of ${other.upstream} of ${other.taken}`,
    })
  const rest = before.filter(
    ({ name, upstream, snapshot }) => name !== note.name || upstream !== note.upstream || snapshot !== note.snapshot,
  )
  write(store, [...rest, note])
}

/** Takes a snapshot's name away; false if there was none such. Its bytes stay as long as a lock names them, and until the store is cleaned. */
export function dropSnapshot(store: Store, name: string): boolean {
  const before = takenSnapshots(store)
  const after = before.filter((note) => note.name !== name)
  if (after.length < before.length) write(store, after)
  return after.length < before.length
}

/** Forgets the snapshots that the store does not keep, unless they have a name. One process at a time may do so. */
export function forgetSnapshots(store: Store, isKept: (snapshot: Digest) => boolean): void {
  const before = takenSnapshots(store)
  const after = before.filter(({ name, snapshot }) => name !== null || isKept(snapshot))
  if (after.length < before.length) write(store, after)
}

function write(store: Store, notes: readonly TakenNote[]): void {
  let spare = notes.filter(({ name }) => name === null).length - SNAPSHOTS_REMEMBERED
  const kept = notes.filter(({ name }) => name !== null || spare-- <= 0)
  store.remember(SNAPSHOTS_NOTE, store.putJson(kept))
}
