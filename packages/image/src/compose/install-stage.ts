import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type PathMatcher, type Progress, runTask } from '@holotype/base'
import type { Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import type { ConfigureOptions, NativeInstaller } from '../native/native.ts'
import { applyUnitFiles, unitVerbs } from '../spec/apply-spec.ts'
import type { ResolvedSpec } from '../spec/resolve-spec.ts'
import type { LockedUnpacked } from '../unpack/unpack-all.ts'
import type { Root } from './checkout.ts'
import { collect } from './collect.ts'
import type { KeptCheckout } from './kept-checkout.ts'
import { applyLayer, type Layer } from './layer.ts'
import { type PathMap, prune, requireDirectories, rootOf } from './path-map.ts'
import { rememberedLayer } from './remembered.ts'
import type { Scratch } from './scratch.ts'
import { type Taken, unite } from './unite.ts'

/** What all stages of one composition share. */
export interface Installation {
  readonly store: Store
  readonly lock: Lock
  readonly spec: ResolvedSpec
  readonly installer: NativeInstaller
  readonly map: PathMap
  /** What packages lost to others so far. */
  readonly taken: Taken[]
  /** Of the whole image. */
  readonly packages: readonly LockedUnpacked[]
  readonly pruned: PathMatcher
  /** Globs of what scripts may write besides the usual. */
  readonly allow: readonly string[]
  /** What the map holds, on disk: follows it where scripts have to run. */
  readonly lower: KeptCheckout
  readonly scratch: Scratch
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

export interface Stage {
  readonly packages: readonly LockedUnpacked[]
  readonly number: number
  readonly last: boolean
}

/**
 * Installs some packages on top of what the map holds: laid over each other, entered into the package manager's database, their scripts run.
 * A run whose input the store has seen before is not repeated.
 * @returns seconds since the epoch: the newest time so far, a fact of the packages alone
 * @throws as compose
 */
export async function installStage(on: Installation, stage: Stage): Promise<number> {
  const { store, installer, map, signal } = on
  const { diversions } = installer
  const diverting = new Set(diversions?.diverting(store, stage.packages))
  const others = stage.packages.filter((one) => !diverting.has(one))
  layOver(on, others)
  const epoch = newestOf(map, store, diverting)
  // Without those that divert: dpkg-divert does not move a file that it takes for the diverting package's own.
  enter(on, { ...stage, packages: others, epoch })
  const scripts = { store, map, packages: stage.packages, epoch, progress: on.progress, signal }
  const units = stage.last ? unitVerbs(on.spec) : []
  if (diversions && diverting.size > 0) {
    await runScripts(
      on,
      { ...scripts, units, prepared: false },
      { name: `diverting-${stage.number}`, run: diversions.divert },
    )
    layOver(on, [...diverting])
    enter(on, { ...stage, epoch })
  }
  signal?.throwIfAborted()
  await runScripts(
    on,
    { ...scripts, units, prepared: diverting.size > 0 },
    { name: `stage-${stage.number}`, run: installer.configure },
  )
  return epoch
}

function layOver(
  { store, lock, map, packages, pruned, installer, taken }: Installation,
  these: readonly LockedUnpacked[],
): void {
  const relocate = installer.diversions?.relocate(store, map)
  const lost = unite(map, {
    store,
    format: lock.format,
    packages: these,
    among: packages,
    pruned,
    ...(relocate ? { relocate } : {}),
  })
  taken.push(...lost)
}

function enter(
  { store, lock, spec, map, pruned, installer, taken }: Installation,
  { packages, epoch, last }: Pick<Stage, 'packages' | 'last'> & { readonly epoch: number },
): void {
  prune(map, pruned)
  installer.database(map, { store, packages, architecture: lock.architecture, taken, epoch })
  // Before their directory is there no script looks for them; and it is the package's that brings it.
  if (last || map.has('etc/systemd/system')) applyUnitFiles(map, spec, epoch)
}

/** Runs scripts over what the map holds, or recalls what they did to just that, and carries it into the map. */
async function runScripts(
  on: Installation,
  options: Omit<ConfigureOptions, 'lower' | 'upper' | 'scratch'>,
  { name, run }: { readonly name: string; readonly run: (options: ConfigureOptions) => Promise<void> },
): Promise<void> {
  const { store, map, installer, allow } = on
  const { packages, epoch, units, prepared } = options
  const root = wellFormed(store, map)
  const layer = await rememberedLayer(
    store,
    {
      root: root.tree,
      top: { ...map.get('')?.entry },
      format: on.lock.format,
      run: run.name,
      packages: packages.map((one) => ({ ...one })),
      epoch,
      units,
      prepared,
    },
    () => runAndCollect(on, options, { name, run, root }),
  )
  applyLayer(map, layer, { store, allow, diverted: () => installer.diversions?.diverted(store, map) ?? new Map() })
}

/** @throws IMAGE_PATH_CONFLICT: a path lies in what is no directory; DISK_FULL */
function wellFormed(store: Store, map: PathMap): Root {
  try {
    return rootOf(store, map)
  } catch (error) {
    // The owners of both paths say more than what the store refuses.
    requireDirectories(map)
    throw error
  }
}

async function runAndCollect(
  { store, map, lower, scratch, progress }: Installation,
  options: Omit<ConfigureOptions, 'lower' | 'upper' | 'scratch'>,
  {
    name,
    run,
    root,
  }: { readonly name: string; readonly run: (options: ConfigureOptions) => Promise<void>; readonly root: Root },
): Promise<Layer> {
  const own = join(scratch.memory, name)
  const upper = join(own, 'upper')
  mkdirSync(upper, { recursive: true })
  await runTask(progress, { title: 'lay the packages over each other' }, async (task) => {
    lower.update(root)
    task.note(`${map.size} paths`)
  })
  await run({ ...options, lower: lower.directory, upper, scratch: own })
  const layer = await collect({ store, upper, scratch: own, epoch: options.epoch, signal: options.signal })
  // Memory: of many stages only one at a time is held.
  rmSync(own, { recursive: true })
  return layer
}

/** The newest time any package gives one of its files: SOURCE_DATE_EPOCH, a fact of the packages alone. */
function newestOf(map: PathMap, store: Store, later: Iterable<LockedUnpacked>): number {
  let newest = 0
  for (const { unpacked } of later) newest = Math.max(newest, store.readTree(unpacked.tree).stats.newest)
  for (const { entry } of map.values()) newest = Math.max(newest, entry.mtime)
  return newest
}
