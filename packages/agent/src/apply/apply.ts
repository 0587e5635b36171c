import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { errnoOf, type HolotypeError, type Progress, run, runTask, type Task } from '@holotype/base'
import { fail } from '../errors.ts'
import { BATCH_PATHS, FLUSH_TIMEOUT_MS, PATH_GARBAGE_BYTES } from '../limits.ts'
import { served } from '../memory.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { atFullSpeed, checkPortions } from '../throttle/this-process.ts'
import { nameOf, parentOf, systemPath } from '../tree/names.ts'
import type { MetadataWork, Plan, Removal } from '../tree/plan.ts'
import { Areas, temporaryBeside } from './areas.ts'
import { setXattrs, type XattrsLeft } from './directory-xattrs.ts'
import { Directories } from './directories.ts'
import { insist } from './insist.ts'
import { makeReady, type Ready } from './make-ready.ts'
import { inPlacingOrder } from './order.ts'

/** open(2): a descriptor that only names a file. Node does not list it; the value is that of every architecture Debian runs Node on but alpha, hppa and sparc. */
const O_PATH = 0o10000000

export interface ApplyOptions {
  readonly root: string
  readonly plan: Plan
  /** Holds every object that the plan's leaves need. */
  readonly staged: ObjectFolder
  readonly progress: Progress
}

/** What the steps of one run share. */
interface Run {
  readonly directories: Directories
  readonly areas: Areas
  readonly ready: Ready
  readonly task: Task
  readonly progress: Progress
}

/**
 * Carries a plan out. First all is made ready beside the root and flushed; then names change by one rename each, in an order in which a
 * running system stays usable (`inPlacingOrder`): directories, leaves, metadata, removals (children first), at last the directories' own
 * metadata. Every system call may be the last one before a kill or a power cut: the next run plans anew from what is there. Ends when
 * all is on the disk. Gives the directories whose extended attributes are not the image's.
 * @throws DISK_FULL, AGENT_NOT_PERMITTED, AGENT_ROOT_CHANGED, AGENT_IO, PROCESS_*
 */
export async function applyPlan({ root, plan, staged, progress }: ApplyOptions): Promise<readonly XattrsLeft[]> {
  using directories = new Directories(root)
  using areas = new Areas(directories, staged, new Set(plan.directories.map(({ path }) => path)))
  const count = plan.directories.length + plan.leaves.length
  await areas.open([...plan.directories, ...plan.leaves].map(({ path }) => path))
  const ready = await runTask(progress, { title: 'make ready', total: count, unit: 'files' }, (task) =>
    makeReady({ plan, staged, areas, step: stepper(task) }),
  )
  checkPortions()
  // A name that is durable before its bytes would be an empty file after a power cut, and nothing boots from an empty kernel.
  for (const { pathForOthers } of areas.all) await flush(pathForOthers, progress)
  // From the first name to the last the root is between two images: that is to be short.
  using _speed = atFullSpeed()
  const total = count + plan.metadata.length + plan.removals.length
  const left = await runTask(progress, { title: 'write', total, unit: 'files' }, (task) =>
    write({ directories, areas, ready, task, progress }, plan),
  )
  await flush(root, progress)
  return left
}

async function write(run: Run, plan: Plan): Promise<readonly XattrsLeft[]> {
  const step = stepper(run.task)
  const retired: Removal[] = []
  for (const work of plan.directories) {
    await place(run, work.path, run.ready.get(work), work.replaces === 'leaf')
    await step()
  }
  for (const work of inPlacingOrder(plan.leaves)) {
    if (work.retire) retired.push(...(await retire(run, work.path, work.retire)))
    await place(run, work.path, run.ready.get(work), false)
    await step()
  }
  for (const work of plan.metadata) {
    await insist(run, work.path, () => setFileMetadata(run.directories, work))
    await step()
  }
  for (const removal of [...retired, ...plan.removals]) {
    await insist(run, removal.path, () => remove(run.directories, removal))
    await step()
  }
  // An area may lie in a directory whose mtime is about to be set.
  run.areas[Symbol.dispose]()
  const left: XattrsLeft[] = []
  for (const finishing of plan.finishing) {
    const error = await finishDirectory(run, finishing)
    if (error) left.push({ path: finishing.path, error })
  }
  return left
}

/** Gives the event loop a turn, and tells how far the work is, now and then. */
function stepper(task: Task): () => Promise<void> {
  let done = 0
  return async () => {
    if (++done % BATCH_PATHS !== 0) return
    task.advance(done)
    served(BATCH_PATHS * PATH_GARBAGE_BYTES)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Makes durable all that was written to the file system of a path: one syncfs instead of an fsync per file. @throws PROCESS_* */
export async function flush(path: string, progress: Progress): Promise<void> {
  await runTask(progress, { title: 'flush to disk' }, () =>
    run(['sync', '--file-system', path], { timeoutMs: FLUSH_TIMEOUT_MS }),
  )
}

/** Gives what is ready its name. A directory cannot be renamed over a leaf: that is unlinked just before. */
async function place(run: Run, path: string, ready: string | undefined, overLeaf: boolean): Promise<void> {
  if (ready === undefined) throw new Error(`${path} was not made ready`)
  await insist(run, path, () => {
    const at = run.directories.at(path)
    if (overLeaf) unlinkIfThere(at)
    renameSync(ready, at)
  })
}

/** Sets a directory aside whose place a leaf takes; gives what is to be removed of it at the end. */
async function retire(run: Run, path: string, below: readonly Removal[]): Promise<Removal[]> {
  const aside = temporaryBeside(path)
  run.directories.forget(path)
  await insist(run, path, () => {
    const parent = `/proc/self/fd/${run.directories.descriptor(parentOf(path))}`
    renameSync(`${parent}/${nameOf(path)}`, `${parent}/${nameOf(aside)}`)
  })
  return below.map((removal) => ({ ...removal, path: `${aside}${removal.path}` }))
}

/** Sets a file's owner, mode and mtime through a descriptor that names this very file, whatever lies at its path a moment later. */
function setFileMetadata(directories: Directories, { path, entry }: MetadataWork): void {
  const file = openSync(directories.at(path), O_PATH | constants.O_NOFOLLOW)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.nlink !== 1)
      throw fail('AGENT_ROOT_CHANGED', { what: `${path} is not the file it was a moment ago` })
    const same = `/proc/self/fd/${file}`
    if (stat.uid !== entry.uid || stat.gid !== entry.gid) chownSync(same, entry.uid, entry.gid)
    chmodSync(same, entry.mode)
    utimesSync(same, entry.mtime, entry.mtime)
  } finally {
    closeSync(file)
  }
}

function remove(directories: Directories, { path, type }: Removal): void {
  if (type === 'directory') directories.forget(path)
  const at = systemPath(directories.at(path))
  if (type === 'leaf') return unlinkIfThere(at)
  try {
    rmdirSync(at)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

function unlinkIfThere(at: string | Buffer): void {
  try {
    unlinkSync(at)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** Sets a directory's metadata; gives why its extended attributes are not the image's, if they are not. */
async function finishDirectory(
  run: Run,
  { path, entry, mtime, xattrs }: Plan['finishing'][number],
): Promise<HolotypeError | undefined> {
  const { directories } = run
  const left = xattrs && (await setXattrs(directories.forOthers(path), entry, xattrs))
  await insist(run, path, () => {
    const file = directories.descriptor(path)
    const stat = fstatSync(file)
    if (stat.uid !== entry.uid || stat.gid !== entry.gid) fchownSync(file, entry.uid, entry.gid)
    if ((stat.mode & 0o7777) !== entry.mode || stat.uid !== entry.uid) fchmodSync(file, entry.mode)
    if (mtime) futimesSync(file, entry.mtime, entry.mtime)
  })
  return left
}
