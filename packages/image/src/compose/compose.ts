import { compareText, compileGlobs, type Digest, type Progress, runTask } from '@holotype/base'
import type { Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { bootOrder } from '../boot/boot-order.ts'
import type { BootOrder } from '../boot/types.ts'
import { fail } from '../errors.ts'
import { installerOf } from '../native/native.ts'
import { applySpec } from '../spec/apply-spec.ts'
import { pruner } from '../spec/prune-rules.ts'
import type { ResolvedSpec } from '../spec/resolve-spec.ts'
import type { ImageManifest } from '../types.ts'
import { unpackAll } from '../unpack/unpack-all.ts'
import { requireRunnable } from './host-platform.ts'
import { installStage } from './install-stage.ts'
import { keptCheckout } from './kept-checkout.ts'
import { orderInfo } from './ordered-info.ts'
import { hardlinkGroups, type PathMap, prune, rootOf } from './path-map.ts'
import { makeScratch } from './scratch.ts'
import { SCRUBBED, scrub } from './scrub.ts'
import { undateShadow } from './undated-shadow.ts'

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
 * @throws IMAGE_ROOT_NEEDED, IMAGE_ARCHITECTURE_FOREIGN, OBJECT_MISSING, UNPACK_FAILED, IMAGE_PATH_CONFLICT, IMAGE_SCRIPT_FAILED, IMAGE_SCRIPT_EFFECT,
 * IMAGE_NOT_CONFIGURED, IMAGE_SPEC_REFUSED, IMAGE_BOOT_ORDER, DISK_FULL, PROCESS_TIMEOUT, PROCESS_ABORTED or the signal's reason
 */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const { store, lock, spec, progress, signal } = options
  if (process.getuid?.() !== 0) throw fail('IMAGE_ROOT_NEEDED', { what: `composing ${spec.name} needs root` })
  const installer = installerOf(lock.format)
  requireRunnable(lock.architecture)
  const packages = installer.order(await unpackAll({ store, lock, progress, signal }), store)
  const pruned = pruner(spec)
  const map: PathMap = new Map()
  const globs = installer.scrub.map(({ path }) => path)
  using scratch = makeScratch(store)
  const stages = installer.stages?.(packages, spec.packages) ?? [packages]
  using lower = keptCheckout(store, scratch)
  const on = { store, lock, spec, installer, map, taken: [], packages, pruned, lower, scratch, progress, signal }
  const scrubbed = compileGlobs([...SCRUBBED.map(({ path }) => path), ...globs])
  let epoch = 0
  installer.layout(map, packages)
  for (const [number, stage] of stages.entries()) {
    // What differs from run to run is not handed on: the next scripts see neither keys nor locks of these.
    if (number > 0) prune(map, scrubbed)
    epoch = await installStage(
      { ...on, allow: [...spec.scripts.allow, ...globs] },
      {
        packages: stage,
        number,
        last: number === stages.length - 1,
      },
    )
  }
  return await runTask(progress, { title: 'freeze the tree' }, async (task) => {
    installer.settle?.(map, { store, packages })
    scrub(map, { store, globs, epoch })
    undateShadow(map, store)
    orderInfo(map, store)
    prune(map, pruned)
    applySpec(map, { store, spec, epoch })
    const composed = freeze(store, { map, lock, spec })
    task.note(`${composed.manifest.stats.files} files`)
    return composed
  })
}

function freeze(
  store: Store,
  made: { readonly map: PathMap; readonly lock: Lock; readonly spec: ResolvedSpec },
): Composed {
  const { map, lock, spec } = made
  const { stats, ...root } = rootOf(store, map)
  const hardlinks = hardlinkGroups(map)
  const boot = bootOrder(store, root.tree)
  refuseBoot(boot)
  const manifest = {
    schema: 'holotype.image/1',
    name: spec.name,
    format: lock.format,
    architecture: lock.architecture,
    root,
    stats,
    lock: store.putJson(lock),
    spec: store.putJson(spec),
    packages: store.putJson(packageSet(lock)),
    owners: store.putJson(ownersOf(map)),
    ...(hardlinks.length > 0 ? { hardlinks: store.putJson(hardlinks) } : {}),
    ...(boot ? { boot: store.putJson(boot) } : {}),
    exclusions: spec.exclusions,
    triggers: spec.triggers,
    ...(spec.health ? { health: spec.health } : {}),
    ...(spec.throttle ? { throttle: spec.throttle } : {}),
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
