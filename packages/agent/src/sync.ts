import { type Digest, type HolotypeError, isErrorCode } from '@holotype/base'
import type { HealthChecks, ImageTrigger } from '@holotype/image'
import { applyPlan } from './apply/apply.ts'
import { type XattrsLeft, xattrsLeft } from './apply/directory-xattrs.ts'
import { takeAclAway } from './apply/inherited-acl.ts'
import { checkImageHasAgent, keepExecutable } from './apply/keep-executable.ts'
import { fail } from './errors.ts'
import {
  keptImage,
  objectFolders,
  isThere,
  planSync,
  type PlanSyncOptions,
  startSync,
  type SyncPlan,
} from './plan-sync.ts'
import { fileDigests, keepPrevious, previousObjects, stagePrevious } from './rollback/previous.ts'
import { stage } from './site/stage.ts'
import { removeJournal, writeJournal } from './state/node-state.ts'
import type { ObjectFolder } from './state/objects.ts'
import { refreshCache } from './state/refresh-cache.ts'
import { atFullSpeed } from './throttle/this-process.ts'
import { type NodeManifest, parseManifest } from './tree/manifest.ts'
import { isEmptyPlan, type Plan } from './tree/plan.ts'
import { runTriggers, type TriggerResult } from './triggers.ts'

export interface SyncOptions extends PlanSyncOptions {
  /** The image before the one the node claims to be at. */
  readonly previous: Digest | null
  /** Called when the root is at the image and on the disk: what makes the claim durable. */
  readonly onArrived: (arrived: Arrival) => void
}

/** What a root has come to. */
export interface Arrival {
  readonly image: Digest
  /** The image before, to which the node can go back. */
  readonly previous: Digest | null
  /** It is another image than before, and has checks. */
  readonly unchecked: boolean
}

export interface SyncResult {
  readonly written: number
  readonly removed: number
  readonly metadata: number
  readonly drift: readonly string[]
  /** Whose the paths of the image are, as an object. */
  readonly owners: Digest
  readonly triggers: readonly TriggerResult[]
  readonly health: HealthChecks | undefined
  /** What is not as the image has it though all was done that could be: to be told last. */
  readonly left?: HolotypeError
}

/**
 * Brings a root to an image from whatever it is. All is fetched and verified before the first path changes; a kill at any point leaves
 * a journal, with which the next run plans anew from what is there and runs the triggers that are still due.
 *
 * @throws AGENT_*, OBJECT_*, DISK_FULL; AGENT_NOT_IN_IMAGE before anything is changed; AGENT_BLOCKED after everything else has been brought to the image
 */
export async function sync(options: SyncOptions): Promise<SyncResult> {
  const { state, target, from, progress, now } = options
  const folders = objectFolders(state)
  const { kept, staged } = folders
  try {
    const start = await startSync(options, folders)
    if (await isThere(options, start)) return still(options, start.manifest)
    await takeAclAway(staged.directory)
    const work = await planSync(options, folders, start)
    const { root, manifest, plan, before, after, cache } = work
    const moved = from !== null && from !== target.image
    const previous = moved ? from : options.previous
    const journal = { from, to: target.image, before: namesOf(before), after: namesOf(after) }
    const triggers: TriggerResult[] = []
    let left: readonly XattrsLeft[] = []
    if (!isEmptyPlan(plan)) {
      checkImageHasAgent({ root, state, ideal: work.ideal, stays: start.territory.untouched })
      const past = previousObjects(state)
      stagePrevious(plan, staged, past)
      await stage({ root, plan, packs: work.packs, staged, progress })
      if (moved && work.claimed) keepPrevious({ root, plan, tree: work.claimed, previous: past })
      writeJournal(state, journal)
      if (before.length > 0) {
        triggers.push(...(await unhindered(before, root, progress)))
        writeJournal(state, { ...journal, before: [] })
      }
      keepExecutable({ root, state, plan })
      left = await applyPlan({ root, plan, staged, progress })
      await refreshCache({ root, plan, left, cache, now })
    } else if (before.length + after.length > 0) writeJournal(state, { ...journal, before: [] })
    cache.save(work.whole)
    if (plan.blocked.length === 0)
      options.onArrived({
        image: target.image,
        previous,
        unchecked: moved && manifest.health !== undefined,
      })
    triggers.push(...(await unhindered(after, root, progress)))
    if (plan.blocked.length > 0) {
      // The journal stays: as long as something is in the way, every run looks again.
      writeJournal(state, { ...journal, before: [], after: [] })
      throw blocked(plan)
    }
    removeJournal(state)
    if (from !== target.image || work.interrupted) await forgetOthers({ ...options, kept, previous }, work)
    staged.clear()
    const { owners, health } = manifest
    const error = xattrsLeft(left)
    const stays = new Set(left.map(({ path }) => path.toWellFormed()))
    const drift = plan.drift.filter((path) => !stays.has(path))
    return { ...countsOf(plan), drift, owners, triggers, health, ...(error ? { left: error } : {}) }
  } catch (error) {
    // What was staged is worth keeping for the next run, but not at the price of a full disk.
    if (isErrorCode(error, 'DISK_FULL')) clearIfPossible(staged)
    throw error
  }
}

/** A disk that is full may hinder that too, which is not what the run failed for. */
function clearIfPossible(staged: ObjectFolder): void {
  try {
    staged.clear()
  } catch {
    // The next run that arrives clears it.
  }
}

/** Nothing is to be done. */
function still({ target, previous, onArrived }: SyncOptions, { owners, health }: NodeManifest): SyncResult {
  onArrived({ image: target.image, previous, unchecked: false })
  return { written: 0, removed: 0, metadata: 0, drift: [], owners, triggers: [], health }
}

/** Runs triggers as they would run without a throttle: they are the node's own work, and restart it. */
async function unhindered(...given: Parameters<typeof runTriggers>): Promise<TriggerResult[]> {
  using _speed = atFullSpeed()
  return await runTriggers(...given)
}

/** Of images but this one and the previous one nothing is kept. */
export async function forgetOthers(
  {
    state,
    target,
    from,
    kept,
    previous,
  }: Pick<SyncOptions, 'state' | 'target' | 'from' | 'previous'> & { readonly kept: ObjectFolder },
  { manifest, ideal, claimed }: Pick<SyncPlan, 'manifest' | 'ideal' | 'claimed'>,
): Promise<void> {
  const before = previous === null ? undefined : previous === from ? claimed : (await keptImage(kept, previous))?.ideal
  const links = (image: NodeManifest | undefined) => (image?.hardlinks ? [image.hardlinks] : [])
  const past = previous === null ? undefined : kept.read(previous)
  const mine = [
    target.image,
    manifest.owners,
    ...links(manifest),
    ...target.packs.map(({ index }) => index),
    ...ideal.trees.keys(),
  ]
  kept.keepOnly(
    new Set([
      ...mine,
      ...(previous && before ? [previous, ...links(past && parseManifest(past)), ...before.trees.keys()] : []),
    ]),
  )
  previousObjects(state).keepOnly(before ? fileDigests(before) : new Set())
}

function countsOf(plan: Plan): Pick<SyncResult, 'written' | 'removed' | 'metadata'> {
  const written = plan.leaves.length + plan.directories.length
  const removed = plan.differences.filter(({ kinds }) => kinds.includes('extra')).length
  const made = new Set([...plan.leaves, ...plan.directories].map(({ path }) => path))
  const metadata = plan.differences.filter(
    ({ path, kinds }) => !made.has(path) && kinds.some((kind) => kind === 'mode' || kind === 'owner'),
  ).length
  // A directory's mtime follows from what changed in it: only a file's counts.
  const timed = new Set(plan.differences.filter(({ kinds }) => kinds.join() === 'mtime').map(({ path }) => path))
  const times = plan.metadata.filter(({ path }) => timed.has(path)).length
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
