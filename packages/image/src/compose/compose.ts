import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, type Digest, type Progress, runTask } from '@holotype/base'
import type { Lock } from '@holotype/solver'
import { buildTree, type Store } from '@holotype/store'
import { bootOrder } from '../boot/boot-order.ts'
import type { BootOrder } from '../boot/types.ts'
import { fail } from '../errors.ts'
import { installerOf } from '../native/native.ts'
import { applySpec, applyUnitFiles, unitVerbs } from '../spec/apply-spec.ts'
import { pruner } from '../spec/prune-rules.ts'
import type { ResolvedSpec } from '../spec/resolve-spec.ts'
import type { ImageManifest } from '../types.ts'
import { type LockedUnpacked, unpackAll } from '../unpack/unpack-all.ts'
import { checkout } from './checkout.ts'
import { collect } from './collect.ts'
import { orderInfo } from './ordered-info.ts'
import { hardlinkGroups, type PathMap, prune } from './path-map.ts'
import { makeScratch } from './scratch.ts'
import { scrub } from './scrub.ts'
import { undateShadow } from './undated-shadow.ts'
import { unite } from './unite.ts'

export interface ComposeOptions {
  readonly store: Store
  readonly lock: Lock
  readonly spec: ResolvedSpec
  readonly progress: Progress
  /** Aborted: the scripts are ended, and nothing is left but objects of the store. */
  readonly signal?: AbortSignal
}

export interface Composed {
  /** The digest of the manifest: the image's name for ever. */
  readonly image: Digest
  readonly manifest: ImageManifest
}

/**
 * Makes an image from a lock and a spec, from scratch: every package unpacked into the store (once for ever), their trees laid over each
 * other, the package manager's scripts run in a sandbox without network, the spec applied, what differs from run to run scrubbed. Same
 * lock and spec, same digest, on any machine (invariant 5); every path has an owner (invariant 6).
 *
 * Nothing is left behind but objects of the store. Needs root: files of many owners, and mounts.
 * @throws IMAGE_ROOT_NEEDED, OBJECT_MISSING, UNPACK_FAILED, IMAGE_PATH_CONFLICT, IMAGE_SCRIPT_FAILED, IMAGE_SCRIPT_EFFECT,
 * IMAGE_NOT_CONFIGURED, IMAGE_SPEC_REFUSED, IMAGE_BOOT_ORDER, DISK_FULL, PROCESS_TIMEOUT, PROCESS_ABORTED or the signal's reason
 */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const { store, lock, spec, progress, signal } = options
  if (process.getuid?.() !== 0) throw fail('IMAGE_ROOT_NEEDED', { what: `composing ${spec.name} needs root` })
  const installer = installerOf(lock.format)
  const packages = installer.order(await unpackAll({ store, lock, progress, signal }), store)
  const pruned = pruner(spec)
  const map: PathMap = new Map()
  const allow = [...spec.scripts.allow, ...installer.scrub.map(({ path }) => path)]
  using scratch = makeScratch(store)
  let upper = join(scratch.memory, 'upper')
  let lower = join(scratch.disk, 'lower')
  const diverting = new Set(installer.diversions?.diverting(store, packages))
  const others = packages.filter((one) => !diverting.has(one))
  const layOver = (listed: readonly LockedUnpacked[], epoch: number) => {
    prune(map, pruned)
    installer.database(map, { store, packages: listed, architecture: lock.architecture, epoch })
    applyUnitFiles(map, spec, epoch)
  }
  const epoch = await runTask(progress, { title: 'lay the packages over each other' }, async (task) => {
    installer.layout(map, packages)
    unite(map, {
      store,
      format: lock.format,
      packages: others,
      pruned,
    })
    const newest = newestOf(map, store, diverting)
    // Without those that divert: dpkg-divert does not move a file that it takes for the diverting package's own.
    layOver(others, newest)
    mkdirSync(upper)
    checkout(store, map, lower)
    task.note(`${map.size} paths`)
    return newest
  })
  const diverted = () => installer.diversions?.diverted(store, map) ?? new Map<string, string>()
  const scripts = { store, map, packages, epoch, units: unitVerbs(spec), progress, signal }
  if (installer.diversions && diverting.size > 0) {
    const before = { lower, upper, scratch: join(scratch.memory, 'before') }
    lower = join(scratch.disk, 'diverted')
    upper = join(scratch.memory, 'diverted')
    await installer.diversions.divert({ ...scripts, ...before, prepared: false })
    await collect(map, { ...before, store, epoch, signal, allow, diverted })
    unite(map, {
      store,
      format: lock.format,
      packages: [...diverting],
      pruned,
      relocate: installer.diversions.relocate(store, map),
    })
    layOver(packages, epoch)
    mkdirSync(upper)
    checkout(store, map, lower)
  }
  signal?.throwIfAborted()
  await installer.configure({ ...scripts, lower, upper, scratch: scratch.memory, prepared: diverting.size > 0 })
  return await runTask(progress, { title: 'freeze the tree' }, async (task) => {
    await collect(map, { store, upper, scratch: scratch.memory, epoch, signal, allow, diverted })
    installer.settle?.(map, { store, packages })
    scrub(map, { store, globs: installer.scrub.map((item) => item.path), epoch })
    undateShadow(map, store)
    orderInfo(map, store)
    prune(map, pruned)
    applySpec(map, { store, spec, epoch })
    const composed = freeze(store, { map, lock, spec })
    task.note(`${composed.manifest.stats.files} files`)
    return composed
  })
}

/** The newest time any package gives one of its files: the image's SOURCE_DATE_EPOCH, a fact of the lock alone. */
function newestOf(map: PathMap, store: Store, later: Iterable<LockedUnpacked>): number {
  let newest = 0
  for (const { unpacked } of later) newest = Math.max(newest, store.readTree(unpacked.tree).stats.newest)
  for (const { entry } of map.values()) newest = Math.max(newest, entry.mtime)
  return newest
}

function freeze(
  store: Store,
  made: { readonly map: PathMap; readonly lock: Lock; readonly spec: ResolvedSpec },
): Composed {
  const { map, lock, spec } = made
  const root = map.get('')?.entry
  if (root?.type !== 'directory') throw fail('IMAGE_MALFORMED', { what: 'the root is no directory' })
  const tree = buildTree(
    store,
    [...map].map(([path, { entry }]) => ({ path, entry })),
  )
  const hardlinks = hardlinkGroups(map)
  const boot = bootOrder(store, tree.digest)
  refuseBoot(boot)
  const manifest = {
    schema: 'holotype.image/1',
    name: spec.name,
    format: lock.format,
    architecture: lock.architecture,
    root: { tree: tree.digest, mode: root.mode, uid: root.uid, gid: root.gid, mtime: root.mtime },
    stats: tree.stats,
    lock: store.putJson(lock),
    spec: store.putJson(spec),
    packages: store.putJson(packageSet(lock)),
    owners: store.putJson(ownersOf(map)),
    ...(hardlinks.length > 0 ? { hardlinks: store.putJson(hardlinks) } : {}),
    ...(boot ? { boot: store.putJson(boot) } : {}),
    exclusions: spec.exclusions,
    triggers: spec.triggers,
  } satisfies ImageManifest
  return { image: store.putJson(manifest), manifest }
}

/** @throws IMAGE_BOOT_ORDER: a cycle, or something that is needed and not there */
function refuseBoot(boot: BootOrder | undefined): void {
  if (boot === undefined || boot.problems.length === 0) return
  const problems = boot.problems.map(({ kind, what }) => `${kind}: ${what}`)
  throw fail('IMAGE_BOOT_ORDER', { what: problems.join('\n'), data: { problems: boot.problems } })
}

function packageSet(lock: Lock): { name: string; version: string; architecture: string }[] {
  return lock.packages
    .map(({ name, version, architecture }) => ({ name, version, architecture }))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture))
}

function ownersOf(map: PathMap): Record<string, string[]> {
  const owners: Record<string, string[]> = {}
  for (const [path, { owner }] of map) (owners[owner] ??= []).push(`/${path}`)
  for (const paths of Object.values(owners)) paths.sort(compareText)
  return owners
}
