import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Where the demo happens. */
export interface Workplace {
  /** The user's git repository, fresh in every run. */
  readonly distribution: string
  /** Holotype's state directory. Of an earlier run only the stores are kept: they make the second run quick. */
  readonly home: string
  readonly secondStore: string
  readonly nodes: string
  readonly logs: string
  /** What earlier runs left behind, deleted at the end. */
  readonly discarded: string
  /** The change of patch day, applied with git. */
  readonly patch: string
}

/** Lays out the work folder: a copy of the example, nothing of an earlier run but its stores. */
export function prepare(example: string, work: string): Workplace {
  mkdirSync(work, { recursive: true })
  const discarded = join(work, 'discarded')
  mkdirSync(discarded, { recursive: true })
  const into = mkdtempSync(join(discarded, 'run-'))
  const place: Workplace = {
    distribution: join(work, 'acme'),
    home: join(work, 'home'),
    secondStore: join(work, 'second-store'),
    nodes: join(work, 'nodes'),
    logs: join(work, 'logs'),
    discarded,
    patch: join(example, 'patch-day.patch'),
  }
  for (const [name, path] of Object.entries({ acme: place.distribution, nodes: place.nodes, logs: place.logs })) {
    if (existsSync(path)) renameSync(path, join(into, name))
  }
  mkdirSync(place.home, { recursive: true })
  for (const name of readdirSync(place.home)) {
    if (name !== 'store') renameSync(join(place.home, name), join(into, name))
  }
  // The store keeps package files and what was made of them; what was decided in an earlier run is not this run's.
  for (const decided of ['repositories', 'notes/repository', 'notes/images', 'notes/diffs']) {
    const path = join(place.home, 'store', decided)
    if (existsSync(path)) renameSync(path, join(into, basename(path)))
  }
  mkdirSync(place.nodes)
  mkdirSync(place.logs)
  cpSync(join(example, 'distribution'), place.distribution, { recursive: true })
  return place
}

/**
 * Deletes what earlier runs left. Only now, at the end: making many files soon after deleting many is slow on ext4. Databases that lie outside
 * the work folder, because their account could not enter it, go too, this run's as well: nothing stays outside.
 */
export function discard(place: Workplace): void {
  // Another demo in the same folder may have been here before.
  const runs = (existsSync(place.discarded) ? readdirSync(place.discarded) : []).map((run) =>
    join(place.discarded, run),
  )
  for (const home of [place.home, ...runs]) {
    const pointer = join(home, 'server/database/moved-to')
    if (!existsSync(pointer)) continue
    const moved = readFileSync(pointer, 'utf8').trim()
    if (/^\/var\/lib\/holotype-database\/[0-9a-f]{16}$/.test(moved)) rmSync(moved, { recursive: true, force: true })
  }
  rmSync(place.discarded, { recursive: true, force: true })
}
