import { linkSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf } from '@holotype/base'
import { explain } from '../explain.ts'
import { copyObject } from '../site/stage.ts'
import { type ObjectFolder, openObjects } from '../state/objects.ts'
import { entryAt, type IdealTree } from '../tree/ideal.ts'
import type { Plan } from '../tree/plan.ts'

/** The folder of the bytes that the image before this one had and that the root lost since. */
export function previousObjects(state: string): ObjectFolder {
  return openObjects(join(state, 'previous'))
}

/**
 * Keeps the files that a plan is about to replace or remove and that belong to the image the root is at: a second name of the same inode,
 * so no byte is written. Where the state directory is on another file system, a copy. What lies there already is not looked at: all is
 * hashed before it is used.
 * @throws DISK_FULL, AGENT_NOT_PERMITTED
 */
export function keepPrevious(options: {
  readonly root: string
  readonly plan: Plan
  /** The image the root is at. */
  readonly tree: IdealTree
  readonly previous: ObjectFolder
}): void {
  const { plan, tree, previous } = options
  const base = options.root === '/' ? '' : options.root
  const drift = new Set(plan.drift)
  for (const path of lostPaths(plan)) {
    const entry = drift.has(path) ? undefined : entryAt(tree, path)
    if (entry?.type !== 'file') continue
    const stat = lstatSync(base + path, { throwIfNoEntry: false })
    if (!stat?.isFile() || stat.size !== entry.size) continue
    try {
      linkSync(base + path, previous.pathOf(entry.digest))
    } catch (error) {
      const errno = errnoOf(error) ?? ''
      if (UNLINKABLE.has(errno)) copyObject(previous, entry.digest, base + path)
      else if (errno !== 'EEXIST' && errno !== 'ENOENT') throw explain(error, path)
    }
  }
}

/** Another file system; one without hard links, or a file that may not have one; too many of them. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'])

/** Stages, as copies, what a plan writes and the previous image had: a copy has neither the inode's attributes nor its other names. @throws DISK_FULL */
export function stagePrevious(plan: Plan, staged: ObjectFolder, previous: ObjectFolder): void {
  const seen = new Set<Digest>()
  for (const { entry } of plan.leaves) {
    if (entry.type !== 'file' || seen.has(entry.digest) || plan.held.has(entry.digest)) continue
    seen.add(entry.digest)
    const source = previous.pathOf(entry.digest)
    if (lstatSync(source, { throwIfNoEntry: false }) && !staged.has(entry.digest, entry.size))
      copyObject(staged, entry.digest, source)
  }
}

/** The digests of all files of an image. */
export function fileDigests(tree: IdealTree): ReadonlySet<Digest> {
  const digests = new Set<Digest>()
  for (const directory of tree.trees.keys())
    for (const entry of tree.children(directory).values()) if (entry.type === 'file') digests.add(entry.digest)
  return digests
}

function* lostPaths(plan: Plan): Generator<string> {
  for (const { path, replaces } of plan.directories) if (replaces === 'leaf') yield path
  for (const { path, retire } of plan.leaves) {
    yield path
    for (const removal of retire ?? []) if (removal.type === 'leaf') yield path + removal.path
  }
  for (const { path, type } of plan.removals) if (type === 'leaf') yield path
}
