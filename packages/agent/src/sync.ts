import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isErrorCode, type Progress, runTask } from '@holotype/base'
import type { ImageTrigger } from '@holotype/image'
import type { ChannelTarget } from '@holotype/trust'
import { applyPlan, flush } from './apply/apply.ts'
import { fail } from './errors.ts'
import { MANIFEST_BYTES } from './limits.ts'
import { openPacks } from './site/packs.ts'
import type { Site } from './site/site.ts'
import { stage } from './site/stage.ts'
import { refreshCache } from './state/refresh-cache.ts'
import { type Journal, readJournal, removeJournal, writeJournal } from './state/node-state.ts'
import { type ObjectFolder, openObjects } from './state/objects.ts'
import { openStatCache } from './state/stat-cache.ts'
import { fetchIdeal, type IdealTree, keptIdeal } from './tree/ideal.ts'
import { type NodeManifest, parseManifest } from './tree/manifest.ts'
import { changedPaths, isEmptyPlan, type Plan } from './tree/plan.ts'
import { scan } from './tree/scan.ts'
import { mountsBelow, territoryOf } from './tree/territory.ts'
import { dueTriggers, runTrigger, type TriggerResult } from './triggers.ts'

export interface SyncOptions {
  readonly state: string
  readonly root: string
  readonly site: Site
  readonly target: ChannelTarget
  /** The image the node claims to be at. */
  readonly from: Digest | null
  /** Called when the root is at the image and on the disk: what makes the claim durable. */
  readonly onArrived: () => void
  readonly progress: Progress
  readonly now: () => number
}

export interface SyncResult {
  readonly written: number
  readonly removed: number
  readonly metadata: number
  readonly drift: readonly string[]
  readonly triggers: readonly TriggerResult[]
}

/** The folder of trees, manifests and indexes, which stay, and the one of files on their way into the root. */
export function objectFolders(state: string): { readonly kept: ObjectFolder; readonly staged: ObjectFolder } {
  return { kept: openObjects(join(state, 'kept')), staged: openObjects(join(state, 'staged')) }
}

/**
 * Brings a root to an image from whatever it is. All is fetched and verified before the first path changes; a kill at any point leaves
 * a journal, with which the next run plans anew from what is there and runs the triggers that are still due.
 *
 * @throws AGENT_*, OBJECT_*, DISK_FULL; AGENT_BLOCKED after everything else has been brought to the image
 */
export async function sync(options: SyncOptions): Promise<SyncResult> {
  const { state, site, target, from, progress, now } = options
  const root = realpathSync(options.root)
  const { kept, staged } = objectFolders(state)
  try {
    const manifest = await fetchManifest(site, kept, target.image)
    const packs = await openPacks(site, kept, target.packs)
    const cache = openStatCache(state)
    const unknown = (digest: Digest) => !cache.knows(digest)
    const ideal = await fetchIdeal(manifest.root, { kept, staged, unknown, packs, progress })
    const interrupted = readJournal(state)
    const previous = await claimedTree({ from, target: target.image, interrupted, ideal, kept })
    const territory = territoryOf({
      root,
      state: realpathSync(state),
      exclusions: manifest.exclusions,
      mounts: mountsBelow(root),
    })
    const plan = await runTask(progress, { title: 'compare', unit: 'files' }, (task) =>
      scan({
        root,
        ideal,
        ...(previous ? { previous } : {}),
        territory,
        cache,
        now,
        onPaths: (paths) => task.advance(paths),
      }),
    )
    const due = dueNow(manifest.triggers, plan, from, interrupted)
    const journal = { from, to: target.image, before: namesOf(due.before), after: namesOf(due.after) }
    const triggers: TriggerResult[] = []
    if (!isEmptyPlan(plan)) {
      await stage({ root, plan, packs, staged, progress })
      // A name that is durable before its bytes would be an empty file after a power cut, and nothing boots from an empty kernel.
      if (plan.leaves.length > 0) await flush(staged.directory, progress)
      writeJournal(state, journal)
      if (due.before.length > 0) {
        triggers.push(...(await runTriggers(due.before, root, progress)))
        writeJournal(state, { ...journal, before: [] })
      }
      await applyPlan({ root, plan, staged, progress })
      await refreshCache({ root, plan, cache, now })
    } else if (due.before.length + due.after.length > 0) writeJournal(state, { ...journal, before: [] })
    cache.save()
    if (plan.blocked.length === 0) options.onArrived()
    triggers.push(...(await runTriggers(due.after, root, progress)))
    if (plan.blocked.length > 0) {
      // The journal stays: as long as something is in the way, every run looks again.
      writeJournal(state, { ...journal, before: [], after: [] })
      throw blocked(plan)
    }
    removeJournal(state)
    kept.keepOnly(new Set([target.image, ...target.packs.map(({ index }) => index), ...ideal.trees]))
    staged.clear()
    return { ...countsOf(plan), drift: plan.drift, triggers }
  } catch (error) {
    // What was staged is worth keeping for the next run, but not at the price of a full disk.
    if (isErrorCode(error, 'DISK_FULL')) staged.clear()
    throw error
  }
}

/** The manifest of an image, from what is kept or from the site. */
async function fetchManifest(site: Site, kept: ObjectFolder, image: Digest): Promise<NodeManifest> {
  const known = kept.read(image)
  if (known) return parseManifest(known)
  const bytes = await site.object(image, MANIFEST_BYTES)
  kept.put(image, bytes)
  return parseManifest(bytes)
}

/** The manifest and trees that the node keeps of an image; undefined when they are not all there. */
export async function keptImage(
  kept: ObjectFolder,
  image: Digest,
): Promise<{ readonly manifest: NodeManifest; readonly ideal: IdealTree } | undefined> {
  const bytes = kept.read(image)
  if (!bytes) return undefined
  const manifest = parseManifest(bytes)
  const ideal = await keptIdeal(manifest.root, kept)
  return ideal && { manifest, ideal }
}

/**
 * What drift is measured against. After an interruption on the way to another image than now, the root may be anything between three
 * images: nothing is called drift then.
 */
async function claimedTree(options: {
  readonly from: Digest | null
  readonly target: Digest
  readonly interrupted: Partial<Journal> | undefined
  readonly ideal: IdealTree
  readonly kept: ObjectFolder
}): Promise<IdealTree | undefined> {
  const { from, target, interrupted, ideal, kept } = options
  if (from === null || (interrupted && interrupted.to !== target)) return undefined
  if (from === target) return ideal
  return (await keptImage(kept, from))?.ideal
}

/** The triggers to run: those whose paths change now, and those that an interrupted run still owed. A first install owes none: nothing runs yet that could be told. */
function dueNow(
  triggers: readonly ImageTrigger[],
  plan: Plan,
  from: Digest | null,
  interrupted: Partial<Journal> | undefined,
): { readonly before: readonly ImageTrigger[]; readonly after: readonly ImageTrigger[] } {
  if (from === null) return { before: [], after: [] }
  const due = new Set([
    ...namesOf(dueTriggers(triggers, changedPaths(plan))),
    ...(interrupted?.before ?? []),
    ...(interrupted?.after ?? []),
  ])
  const all = triggers.filter(({ name }) => due.has(name))
  return { before: all.filter(({ when }) => when === 'before'), after: all.filter(({ when }) => when === 'after') }
}

async function runTriggers(
  triggers: readonly ImageTrigger[],
  root: string,
  progress: Progress,
): Promise<TriggerResult[]> {
  const results: TriggerResult[] = []
  for (const trigger of triggers)
    results.push(
      await runTask(progress, { title: `trigger ${trigger.name}` }, async (task) => {
        const result = await runTrigger(trigger, root)
        if (result.exit !== 0) task.note(`exit ${result.exit}`)
        return result
      }),
    )
  return results
}

function countsOf(plan: Plan): Pick<SyncResult, 'written' | 'removed' | 'metadata'> {
  const written = plan.leaves.length + plan.directories.length
  const removed = plan.differences.filter(({ kinds }) => kinds.includes('extra')).length
  const made = new Set([...plan.leaves, ...plan.directories].map(({ path }) => path))
  const metadata = plan.differences.filter(
    ({ path, kinds }) => !made.has(path) && kinds.some((kind) => kind === 'mode' || kind === 'owner'),
  ).length
  // A directory's mtime follows from what changed in it: only a file's counts.
  const times = plan.metadata.filter(({ path }) =>
    plan.differences.some((difference) => difference.path === path && difference.kinds.join() === 'mtime'),
  ).length
  return { written, removed, metadata: metadata + times }
}

function blocked(plan: Plan): Error {
  const [first, ...others] = plan.blocked
  return fail('AGENT_BLOCKED', {
    what: `${first}${others.length > 0 ? ` and ${others.length} more` : ''}: a directory with excluded or mounted paths is where the image has something else`,
    data: { paths: plan.blocked.slice(0, 100) },
  })
}

function namesOf(triggers: readonly ImageTrigger[]): string[] {
  return triggers.map(({ name }) => name)
}
