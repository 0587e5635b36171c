import { type Digest, isErrorCode, renderTable, shortDigest } from '@holotype/base'
import { countPackages, readSnapshot, takenSnapshots } from '@holotype/repository'
import type { Store } from '@holotype/store'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { pinsOf } from '../../work/pins.ts'
import { locksBySnapshot } from '../../work/snapshots.ts'

interface Listed {
  readonly snapshot: Digest
  /** Null: it has none, and goes when nothing names it. */
  readonly name: string | null
  readonly upstream: string
  /** Null: it was taken elsewhere. */
  readonly taken: string | null
  /** True for the last that was taken of its upstream here. */
  readonly latest: boolean
  /** Null where this store does not have it: a lock came with git. */
  readonly contents: Contents | null
  /** The images whose locks name it. */
  readonly images: readonly string[]
  /** True if holotype.yaml pins its upstream to it. */
  readonly pinned: boolean
}

interface Contents {
  readonly packages: number
  readonly unsigned: boolean
  readonly suites: readonly { readonly suite: string; readonly date: string | null }[]
}

/** The snapshots with a name, those that locks or holotype.yaml name, and the latest of each upstream. @throws LOCK_MALFORMED, SNAPSHOT_MALFORMED */
export async function run(context: Context, _flags: CommonFlags): Promise<Listed[]> {
  const distribution = await context.distribution()
  const store = await context.store()
  const notes = takenSnapshots(store)
  const latest = new Set(new Map(notes.map((note) => [note.upstream, note])).values())
  const locks = locksBySnapshot({ distribution, store })
  const pins = pinsOf(distribution)
  const pinned = new Set(pins.values())
  // What came with git: the locks and pins of others.
  const needed = new Map<Digest, string>()
  for (const [snapshot, [lock]] of locks) if (lock) needed.set(snapshot, lock.upstream)
  for (const [upstream, snapshot] of pins) needed.set(snapshot, upstream)
  const shown = notes.filter(
    (note) => note.name !== null || !notes.some(({ name, snapshot }) => name !== null && snapshot === note.snapshot),
  )
  const current = new Set([...latest].map(({ snapshot }) => snapshot))
  const taken = shown
    .filter(({ name, snapshot }) => name !== null || current.has(snapshot) || needed.has(snapshot))
    .map(({ snapshot, name, upstream, taken: when }) => ({
      snapshot,
      name,
      upstream,
      taken: when,
      latest: current.has(snapshot),
    }))
  const elsewhere = [...needed].flatMap(([snapshot, upstream]) =>
    notes.some((note) => note.snapshot === snapshot)
      ? []
      : [{ snapshot, name: null, upstream, taken: null, latest: false }],
  )
  return [...taken, ...elsewhere].map((one) => ({
    ...one,
    contents: contentsOf(store, one.snapshot),
    images: (locks.get(one.snapshot) ?? []).map(({ image }) => image),
    pinned: pinned.has(one.snapshot),
  }))
}

function contentsOf(store: Store, snapshot: Digest): Contents | null {
  try {
    const { suites } = readSnapshot(store, snapshot)
    return {
      packages: countPackages(store, snapshot),
      unsigned: suites.some(({ unsigned }) => unsigned),
      suites: suites.map(({ suite, date }) => ({ suite, date })),
    }
  } catch (error) {
    if (isErrorCode(error, 'OBJECT_MISSING')) return null
    throw error
  }
}

export function show(listed: readonly Listed[], { paint, width }: View): string {
  if (listed.length === 0)
    return 'No snapshots yet: `holotype repo snapshot UPSTREAM` and `holotype image lock IMAGE` take them\n'
  const rows = listed.map(({ snapshot, name, upstream, taken, latest, contents, images, pinned }) => [
    name ?? shortDigest(snapshot),
    upstream,
    taken === null ? '' : taken.slice(0, 16).replace('T', ' '),
    contents === null ? 'not here' : String(contents.packages),
    [
      ...(name === null ? [] : ['its name']),
      ...(pinned ? ['holotype.yaml'] : []),
      ...images.map((image) => `${image}.lock`),
    ].join(', ') || 'nothing',
    [...(latest ? ['latest'] : []), ...(contents?.unsigned ? ['unsigned'] : [])].join(', '),
  ])
  return renderTable(
    [
      { title: 'SNAPSHOT', least: 16 },
      { title: 'UPSTREAM' },
      { title: 'TAKEN (UTC)', least: 16 },
      { title: 'PACKAGES', align: 'right' },
      { title: 'KEPT BY' },
      { title: 'REMARK' },
    ],
    rows,
    { paint, ...(width === undefined ? {} : { width }) },
  )
}
