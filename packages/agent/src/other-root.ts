import { constants, copyFileSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Digest, type Progress, syncDirectory, temporaryName } from '@holotype/base'
import type { ChannelTarget } from '@holotype/trust'
import { applyPlan } from './apply/apply.ts'
import { fail } from './errors.ts'
import { explain } from './explain.ts'
import { keptImage, type ObjectFolders, objectFolders, planSync } from './plan-sync.ts'
import type { Site } from './site/site.ts'
import { copyObject, stage } from './site/stage.ts'
import { lockState } from './state/lock.ts'
import { readJournal, readNodeState, removeJournal, writeJournal, writeNodeState } from './state/node-state.ts'
import { openObjects, type ObjectFolder } from './state/objects.ts'
import { refreshCache } from './state/refresh-cache.ts'
import type { IdealTree } from './tree/ideal.ts'
import { isEmptyPlan, type Plan } from './tree/plan.ts'

/*
 * A node with two roots: the one that runs stays as it is, the other is brought to the next image, and one rename makes the other the one
 * that starts next. What an image excludes is on file systems of its own then, or is the same in both by whoever made them.
 */

/**
 * Brings a root that does not run to an image. Bytes that the running root holds are taken from there, cloned where the file system can,
 * and hashed; the rest comes from the site. No triggers. Whatever the other root is, and killed anywhere, the next call ends in the image.
 * @throws AGENT_*, OBJECT_*, DISK_FULL
 */
export async function prepareOtherRoot(options: {
  /** The root to prepare; made when it is not there. */
  readonly root: string
  /** What the agent keeps of that root: a directory on its file system, of that root's own. */
  readonly state: string
  /** The node's own state directory and root. */
  readonly running: { readonly state: string; readonly root: string }
  readonly site: Site
  readonly target: ChannelTarget
  readonly progress: Progress
  readonly now: () => number
}): Promise<{ readonly written: number; readonly removed: number }> {
  const { root, state, running, site, target, progress, now } = options
  mkdirSync(root, { recursive: true })
  using _lock = lockState(state)
  const { kept } = objectFolders(running.state)
  const folders: ObjectFolders = { kept, staged: openObjects(join(state, 'staged')) }
  const node = readNodeState(state)
  const work = await planSync(
    { state, root, site, target, from: node.image, atRest: true, rehash: false, progress, now },
    folders,
  )
  const { plan, packs, cache } = work
  if (!isEmptyPlan(plan)) {
    const { image } = readNodeState(running.state)
    const there = image === null ? undefined : (await keptImage(kept, image))?.ideal
    if (there) stageFrom(plan, folders.staged, { ideal: there, root: running.root })
    await stage({ root: work.root, plan, packs, staged: folders.staged, progress })
    writeJournal(state, { from: node.image, to: target.image, before: [], after: [] })
    await applyPlan({ root: work.root, plan, staged: folders.staged, progress })
    await refreshCache({ root: work.root, plan, cache, now })
  }
  cache.save()
  if (plan.blocked.length > 0)
    throw fail('AGENT_BLOCKED', {
      what: `${plan.blocked[0]} of the other root`,
      data: { paths: plan.blocked.slice(0, 100) },
    })
  writeNodeState(state, { ...node, image: target.image })
  if (readJournal(state)) removeJournal(state)
  folders.staged.clear()
  return { written: plan.leaves.length + plan.directories.length, removed: plan.removals.length }
}

/**
 * Makes a root the one that starts next: `link`, which a boot loader or an initramfs follows, leads to the old one or to the new one at
 * any moment, and after a power cut too. A link within one directory is relative, so that it holds wherever that is mounted.
 * @throws AGENT_NOT_PERMITTED, AGENT_IO, DISK_FULL
 */
export function switchRoot(link: string, root: string): void {
  const temporary = temporaryName(link)
  try {
    symlinkSync(dirname(link) === dirname(root) ? basename(root) : root, temporary)
    renameSync(temporary, link)
    syncDirectory(dirname(link))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw explain(error, link)
  }
}

/** Stages what a plan writes and another root holds by the image that it is at. What is not as that image says is left to the site. */
function stageFrom(
  plan: Plan,
  staged: ObjectFolder,
  source: { readonly ideal: IdealTree; readonly root: string },
): void {
  const wanted = new Map<Digest, number>()
  for (const { entry } of plan.leaves) if (entry.type === 'file') wanted.set(entry.digest, entry.size)
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
    rmSync(staged.pathOf(digest), { force: true })
    return false
  }
}
