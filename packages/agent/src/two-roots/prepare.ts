import { constants, copyFileSync, linkSync, lstatSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf, type HolotypeError, type Progress, removePath } from '@holotype/base'
import type { ChannelTarget } from '@holotype/trust'
import { applyPlan } from '../apply/apply.ts'
import { type XattrsLeft, xattrsLeft } from '../apply/directory-xattrs.ts'
import { takeAclAway } from '../apply/inherited-acl.ts'
import { checkImageHasAgent, keepExecutable } from '../apply/keep-executable.ts'
import { fail } from '../errors.ts'
import { type Overrides, readOverrides } from '../overrides.ts'
import { keptImage, type ObjectFolders, objectFolders, planSync, type SourceRoot, type SyncPlan } from '../plan-sync.ts'
import type { RunReport } from '../protocol.ts'
import type { Site } from '../site/site.ts'
import { copyObject, stage } from '../site/stage.ts'
import { readNodeState, removeJournal, writeJournal, writeNodeState } from '../state/node-state.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { refreshCache } from '../state/refresh-cache.ts'
import { forgetOthers } from '../sync.ts'
import { isEmptyPlan, type Plan } from '../tree/plan.ts'
import { mountsBelow } from '../tree/territory.ts'
import { carryOver } from './carry.ts'
import { checkApart, type Root, type Roots } from './roots.ts'

export interface PrepareOptions {
  /** The node's own state directory. */
  readonly state: string
  readonly roots: Roots
  readonly site: Site
  readonly target: ChannelTarget
  /** The number of the statement that names the image. */
  readonly statement: number
  readonly rehash: boolean
  readonly progress: Progress
  readonly now: () => number
}

/** What a root that does not run needs. */
export interface OtherPlan {
  readonly work: SyncPlan
  readonly folders: ObjectFolders
  /** The running root, if it is at an image. */
  readonly source: SourceRoot | undefined
  readonly overrides: Overrides
}

/** Compares the other root with an image. Changes nothing but what is kept of images. @throws AGENT_*, OBJECT_*, DISK_FULL */
export async function planOther(options: Omit<PrepareOptions, 'statement'>): Promise<OtherPlan> {
  const { roots, site, target, rehash, progress, now } = options
  const { directory: root, state } = roots.other
  // A file system that is not mounted would be written to within what runs.
  checkApart(root, roots.running ? [roots.running.directory] : [])
  const folders = objectFolders(state)
  const source = roots.running && (await sourceOf(roots.running, folders.kept))
  const { image: from } = readNodeState(state)
  const overrides = readOverrides(options.state)
  const kept = overrides.kept.map(({ glob }) => glob)
  const place = { state, root, from, overrides: kept, ...(source ? { source } : {}) }
  await takeAclAway(folders.staged.directory)
  const work = await planSync({ ...place, site, target, atRest: true, rehash, progress, now }, folders)
  return { work, folders, source, overrides }
}

/**
 * Brings the root that does not run to an image. Bytes that the running root holds are taken from there, cloned where the file system can, and
 * hashed; the rest comes from the site, by a delta from what runs. No triggers. Whatever the other root is, and killed anywhere, the next call
 * ends in the image. `left`: what is not as it, though all was done that could be.
 * @throws AGENT_*, OBJECT_*, DISK_FULL
 */
export async function prepareOther(
  options: PrepareOptions,
): Promise<{ readonly changed: RunReport['changed']; readonly left: HolotypeError | undefined }> {
  const { roots, target, statement, progress, now } = options
  const { directory, state } = roots.other
  const looked = now()
  const { work, folders, source, overrides } = await planOther(options)
  const { plan, packs, cache, manifest, ideal } = work
  const { staged, kept } = folders
  const node = readNodeState(state)
  let left: readonly XattrsLeft[] = []
  if (!isEmptyPlan(plan)) {
    if (roots.running) {
      const { directory: root } = roots.running
      const mounts = mountsBelow(realpathSync(root))
      // What is excluded comes over only if it is small: what is mounted alone is in both roots.
      checkImageHasAgent({ root, state: options.state, ideal, stays: (path) => mounts.has(path) })
    }
    if (source) stageFrom(plan, staged, source)
    await stage({ root: work.root, plan, packs, staged, progress })
    if (roots.running) keepExecutable({ root: roots.running.directory, state: options.state, plan })
    writeJournal(state, { from: node.image, to: target.image, before: [], after: [] })
    left = await applyPlan({ root: work.root, plan, staged, progress })
    await refreshCache({ root: work.root, plan, left, cache, now })
  }
  cache.save()
  if (plan.blocked.length > 0)
    throw fail('AGENT_BLOCKED', {
      what: `${plan.blocked[0]} of the root ${directory}`,
      data: { paths: plan.blocked.slice(0, 100) },
    })
  const exclusions = [...manifest.exclusions, ...overrides.kept.map(({ glob }) => glob)]
  if (roots.running)
    await carryOver({ from: realpathSync(roots.running.directory), to: directory, ideal, exclusions, progress })
  writeNodeState(state, {
    image: target.image,
    statement,
    failure: null,
    previous: source?.image ?? null,
    unchecked: roots.running !== undefined && manifest.health !== undefined,
    overrides: overrides.digest,
    looked,
  })
  removeJournal(state)
  await forgetOthers({ state, target, from: node.image, kept, previous: null }, work)
  staged.clear()
  const changed = {
    written: plan.leaves.length + plan.directories.length,
    removed: plan.removals.length,
    metadata: plan.metadata.length,
  }
  return { changed, left: xattrsLeft(left) }
}

/** What the running root is at; what is kept of it gets a second name in what is kept of the other. */
async function sourceOf(running: Root, kept: ObjectFolder): Promise<SourceRoot | undefined> {
  // What an interrupted sync left of it is hashed like all else.
  const { image } = readNodeState(running.state)
  const own = objectFolders(running.state).kept
  const there = image === null ? undefined : await keptImage(own, image)
  if (image === null || !there) return undefined
  for (const name of readdirSync(own.directory)) {
    try {
      linkSync(join(own.directory, name), join(kept.directory, name))
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }
  return { root: running.directory, image, ideal: there.ideal }
}

/** Stages what a plan writes and another root holds by the image that it is at. What is not as that image says is left to the site. */
function stageFrom(plan: Plan, staged: ObjectFolder, source: SourceRoot): void {
  const wanted = new Map<Digest, number>()
  for (const { entry } of plan.leaves)
    if (entry.type === 'file' && !plan.held.has(entry.digest)) wanted.set(entry.digest, entry.size)
  const base = source.root === '/' ? '' : source.root
  const visit = (path: string, tree: Digest) => {
    for (const [name, entry] of source.ideal.children(tree)) {
      if (entry.type === 'directory') visit(`${path}/${name}`, entry.tree)
      if (entry.type !== 'file') continue
      const size = wanted.get(entry.digest)
      if (size === undefined || staged.has(entry.digest, size)) continue
      const from = `${base}${path}/${name}`
      if (!cloneObject(staged, entry.digest, { from, size })) copyObject(staged, entry.digest, from)
    }
  }
  visit('', source.ideal.root.tree)
}

/** Shares a file's blocks instead of copying them, and hashes what came of it. */
function cloneObject(
  staged: ObjectFolder,
  digest: Digest,
  { from, size }: { readonly from: string; readonly size: number },
): boolean {
  try {
    if (!lstatSync(from).isFile()) return false
    copyFileSync(from, staged.pathOf(digest), constants.COPYFILE_FICLONE_FORCE)
    return staged.has(digest, size)
  } catch {
    // Another file system, or one that cannot.
    removePath(staged.pathOf(digest))
    return false
  }
}
