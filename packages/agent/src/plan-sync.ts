import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf, type Progress, runTask } from '@holotype/base'
import type { ImageTrigger } from '@holotype/image'
import type { ChannelTarget } from '@holotype/trust'
import { HARDLINKS_BYTES, MANIFEST_BYTES } from './limits.ts'
import { openDelta } from './site/delta.ts'
import { openPacks, type Packs } from './site/packs.ts'
import type { Site } from './site/site.ts'
import { adoptThrottle } from './throttle/this-process.ts'
import { type Journal, readJournal } from './state/node-state.ts'
import { type ObjectFolder, openObjects } from './state/objects.ts'
import { openStatCache, type StatCache, type WholeLook } from './state/stat-cache.ts'
import { type Hardlinks, parseHardlinks } from './tree/hardlinks.ts'
import { fetchIdeal, type IdealTree, keptIdeal } from './tree/ideal.ts'
import { isAsLeft, type LookPlace } from './tree/look-again.ts'
import { type NodeManifest, parseManifest } from './tree/manifest.ts'
import { changedPaths, type Plan } from './tree/plan.ts'
import { scan } from './tree/scan.ts'
import { mountsBelow, territoryOf } from './tree/territory.ts'
import { dueTriggers } from './triggers.ts'

export interface PlanSyncOptions {
  readonly state: string
  readonly root: string
  readonly site: Site
  readonly target: ChannelTarget
  /** The image the node claims to be at. */
  readonly from: Digest | null
  /** Another root that is at an image of its own: deltas lead from there, not from what this root is at. */
  readonly source?: SourceRoot
  /** What this node's overrides keep: exclusions besides the image's. */
  readonly overrides?: readonly string[]
  /** Nothing of the root runs (a rescue, an early boot): no triggers. */
  readonly atRest: boolean
  /** Read every file whatever the stat cache says. */
  readonly rehash: boolean
  readonly progress: Progress
  readonly now: () => number
}

/** A root whose files are taken for another one. */
export interface SourceRoot {
  readonly root: string
  readonly image: Digest
  readonly ideal: IdealTree
}

/** What a sync would do, and what it has at hand for it. */
export interface SyncPlan {
  /** The resolved root directory. */
  readonly root: string
  readonly manifest: NodeManifest
  readonly packs: Packs
  readonly ideal: IdealTree
  /** The tree of the image that the node claims to be at, if all of it is kept. */
  readonly claimed: IdealTree | undefined
  readonly interrupted: Partial<Journal> | undefined
  readonly cache: StatCache
  readonly plan: Plan
  /** What the cache holds when the plan has been carried out. */
  readonly whole?: WholeLook
  /** Triggers to run. */
  readonly before: readonly ImageTrigger[]
  readonly after: readonly ImageTrigger[]
}

export interface ObjectFolders {
  /** Trees, manifests and indexes, which stay. */
  readonly kept: ObjectFolder
  /** Files on their way into the root. */
  readonly staged: ObjectFolder
}

export function objectFolders(state: string): ObjectFolders {
  return { kept: openObjects(join(state, 'kept')), staged: openObjects(join(state, 'staged')) }
}

/** What comes before a look at the root. */
export interface Start extends LookPlace {
  readonly manifest: NodeManifest
  readonly interrupted: Partial<Journal> | undefined
}

/** Reads what is to be looked at. @throws AGENT_*, OBJECT_*, DISK_FULL */
export async function startSync(options: PlanSyncOptions, { kept }: ObjectFolders): Promise<Start> {
  const { state, site, target } = options
  const root = realpathSync(options.root)
  const manifest = parseManifest(await fetchKept(site, kept, target.image, MANIFEST_BYTES))
  adoptThrottle(manifest.throttle ?? {})
  const territory = territoryOf({
    root,
    state: realpathSync(state),
    exclusions: [...manifest.exclusions, ...(options.overrides ?? [])],
    mounts: mountsBelow(root),
  })
  const key = digestOf(`${target.image} ${territory.depends}`)
  return { root, manifest, territory, key, cache: openStatCache(state), interrupted: readJournal(state) }
}

/** Whether the root is at the image that it is to be at, by the stat of every path; false where that takes more than stats to tell. */
export async function isThere(options: PlanSyncOptions, start: Start): Promise<boolean> {
  const { target, from, source, rehash } = options
  const mayBe = from === target.image && !source && !rehash && !start.interrupted
  return mayBe && (await isAsLeft(start))
}

/** Compares a root with an image. Changes nothing but what the state directory keeps of images. @throws AGENT_*, OBJECT_*, DISK_FULL */
export async function planSync(
  options: PlanSyncOptions,
  { kept, staged }: ObjectFolders,
  start?: Start,
): Promise<SyncPlan> {
  const { site, target, from, source, atRest, rehash, progress, now } = options
  const { root, manifest, territory, key, cache, interrupted } = start ?? (await startSync(options, { kept, staged }))
  const links = manifest.hardlinks && (await fetchKept(site, kept, manifest.hardlinks, HARDLINKS_BYTES))
  const hardlinks = links ? parseHardlinks(links) : []
  const moves = from !== null && from !== target.image
  const before = source ? source.ideal : moves ? (await keptImage(kept, from))?.ideal : undefined
  const { untouched } = territory
  const delta =
    before && target.delta?.from === (source?.image ?? from)
      ? await openDelta({ site, ref: target.delta, kept, claimed: before, root: source?.root ?? root, untouched })
      : undefined
  const packs = openPacks(site, kept, { refs: target.packs, delta })
  const unknown = (digest: Digest) => !cache.knows(digest)
  const ideal = await fetchIdeal(manifest.root, { kept, staged, unknown, packs, claimed: before, progress })
  // What another root is at tells nothing of this one.
  const claimed = from === target.image ? ideal : source ? undefined : before
  // After an interruption on the way to another image than now, the root may be anything between three images: nothing is called drift.
  const previous = interrupted && interrupted.to !== target.image ? undefined : claimed
  const plan = await runTask(progress, { title: 'compare', unit: 'files' }, (task) =>
    scan({
      root,
      ideal,
      ...(previous ? { previous } : {}),
      hardlinks,
      first: from === null,
      territory,
      cache,
      rehash,
      now,
      onPaths: (paths) => task.advance(paths),
    }),
  )
  // A first install owes no triggers: nothing runs yet that could be told.
  const due = from === null || atRest ? [] : dueNow(manifest.triggers, plan, interrupted)
  const at = (when: ImageTrigger['when']) => due.filter((trigger) => trigger.when === when)
  // On a first install what the image has at excluded paths is in the cache too: then the cache holds more than is to be looked at.
  const whole = from === null || plan.blocked.length > 0 ? undefined : { key, paths: plan.wanted }
  const triggers = { before: at('before'), after: at('after') }
  return { root, manifest, packs, ideal, claimed, interrupted, cache, plan, ...(whole ? { whole } : {}), ...triggers }
}

/** An object from what is kept or from the site. */
async function fetchKept(site: Site, kept: ObjectFolder, digest: Digest, maxBytes: number): Promise<Buffer> {
  const known = kept.read(digest)
  if (known) return known
  const bytes = await site.object(digest, maxBytes)
  kept.put(digest, bytes)
  return bytes
}

export interface KeptImage {
  readonly manifest: NodeManifest
  readonly ideal: IdealTree
  readonly hardlinks: Hardlinks
}

/** The manifest, hard links and trees that the node keeps of an image; undefined when they are not all there. */
export async function keptImage(kept: ObjectFolder, image: Digest): Promise<KeptImage | undefined> {
  const bytes = kept.read(image)
  if (!bytes) return undefined
  const manifest = parseManifest(bytes)
  const links = manifest.hardlinks && kept.read(manifest.hardlinks)
  if (manifest.hardlinks && !links) return undefined
  const ideal = await keptIdeal(manifest.root, kept)
  return ideal && { manifest, ideal, hardlinks: links ? parseHardlinks(links) : [] }
}

/** The triggers to run: those whose paths change now, and those that an interrupted run still owed. */
function dueNow(
  triggers: readonly ImageTrigger[],
  plan: Plan,
  interrupted: Partial<Journal> | undefined,
): ImageTrigger[] {
  const due = new Set([
    ...dueTriggers(triggers, changedPaths(plan)).map(({ name }) => name),
    ...(interrupted?.before ?? []),
    ...(interrupted?.after ?? []),
  ])
  return triggers.filter(({ name }) => due.has(name))
}
