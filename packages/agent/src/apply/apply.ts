import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { errnoOf, type Progress, run, runTask } from '@holotype/base'
import { explain } from '../explain.ts'
import { fail } from '../errors.ts'
import { BATCH_PATHS, FLUSH_TIMEOUT_MS } from '../limits.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { tarMember } from '../tar/write-member.ts'
import type { DirectoryWork, LeafWork, MetadataWork, Plan, Removal } from '../tree/plan.ts'
import { Directories } from './directories.ts'
import { extract, nameOf, parentOf, type Placing, placeLeaf, temporaryBeside } from './place.ts'

/** open(2): a descriptor that only names a file. Node does not list it; the value is that of every architecture Debian runs Node on but alpha, hppa and sparc. */
const O_PATH = 0o10000000

export interface ApplyOptions {
  readonly root: string
  readonly plan: Plan
  /** Holds every object that the plan's leaves need. */
  readonly staged: ObjectFolder
  readonly progress: Progress
}

/**
 * Carries a plan out in an order in which a running system stays usable: directories, shared libraries, their links, other files, other
 * leaves, metadata, removals (children first), at last the directories' own metadata. Every step may be the last one before a kill: the
 * next run plans anew from what is there. Ends when all is on the disk.
 * @throws DISK_FULL, AGENT_NOT_PERMITTED, AGENT_ROOT_CHANGED
 */
export async function applyPlan({ root, plan, staged, progress }: ApplyOptions): Promise<void> {
  using directories = new Directories(root)
  const uses = new Map<string, number>()
  for (const { entry } of plan.leaves)
    if (entry.type === 'file') uses.set(entry.digest, (uses.get(entry.digest) ?? 0) + 1)
  const placing: Placing = { directories, staged, uses }
  const retired: Removal[] = []
  const leaves = plan.leaves.toSorted((a, b) => rank(a) - rank(b))
  const total = plan.directories.length + leaves.length + plan.metadata.length + plan.removals.length
  await runTask(progress, { title: 'write', total, unit: 'files' }, async (task) => {
    let done = 0
    const step = async () => {
      if (++done % BATCH_PATHS !== 0) return
      task.advance(done)
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const work of plan.directories) {
      makeDirectory(directories, work)
      await step()
    }
    for (const work of leaves) {
      if (work.retire) retired.push(...retire(directories, work.path, work.retire))
      await placeLeaf(placing, work.path, work.entry)
      await step()
    }
    for (const work of plan.metadata) {
      setFileMetadata(directories, work)
      await step()
    }
    for (const removal of [...retired, ...plan.removals]) {
      remove(directories, removal)
      await step()
    }
    for (const { path, entry, mtime } of plan.finishing) await finishDirectory(directories, path, entry, mtime)
  })
  await flush(root, progress)
}

/** Makes durable all that was written to the file system of a path: one syncfs instead of an fsync per file. @throws PROCESS_* */
export async function flush(path: string, progress: Progress): Promise<void> {
  await runTask(progress, { title: 'flush to disk' }, () =>
    run(['sync', '--file-system', path], { timeoutMs: FLUSH_TIMEOUT_MS }),
  )
}

/** What others need to run comes first: libraries, then the links that name them. */
function rank({ path, entry }: LeafWork): number {
  const library = /\.so(\.[^/]*)?$/.test(path)
  if (entry.type === 'file') return library ? 0 : 2
  return library ? 1 : 3
}

function makeDirectory(directories: Directories, { path, entry, replaces }: DirectoryWork): void {
  const at = directories.at(path)
  try {
    if (replaces === 'leaf') unlinkSync(at)
    mkdirSync(at, 0o700)
    const file = directories.descriptor(path)
    fchownSync(file, entry.uid, entry.gid)
    fchmodSync(file, entry.mode)
  } catch (error) {
    throw explain(error, path)
  }
}

/** Sets a directory aside whose place a leaf takes; gives what is to be removed of it at the end. */
function retire(directories: Directories, path: string, below: readonly Removal[]): Removal[] {
  const aside = temporaryBeside(path)
  directories.forget(path)
  const parent = `/proc/self/fd/${directories.descriptor(parentOf(path))}`
  try {
    renameSync(`${parent}/${nameOf(path)}`, `${parent}/${nameOf(aside)}`)
  } catch (error) {
    throw explain(error, path)
  }
  return below.map((removal) => ({ ...removal, path: `${aside}${removal.path}` }))
}

/** Sets a file's owner, mode and mtime through a descriptor that names this very file, whatever lies at its path a moment later. */
function setFileMetadata(directories: Directories, { path, entry }: MetadataWork): void {
  try {
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
  } catch (error) {
    throw explain(error, path)
  }
}

function remove(directories: Directories, { path, type, raw }: Removal): void {
  try {
    if (type === 'opaque' && raw) {
      const parent = directories.descriptor(parentOf(path))
      removeOpaque(Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), raw]), fstatSync(parent).dev)
    } else if (type === 'directory') {
      directories.forget(path)
      rmdirSync(directories.at(path))
    } else unlinkSync(directories.at(path))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw explain(error, path)
  }
}

/** Removes what has a name that is not UTF-8, with all below it, never into another file system. */
function removeOpaque(path: Buffer, device: number): void {
  const stat = lstatSync(path)
  if (!stat.isDirectory()) return unlinkSync(path)
  if (stat.dev !== device) return
  const slash = Buffer.from('/')
  for (const name of readdirSync(path, { encoding: 'buffer' })) removeOpaque(Buffer.concat([path, slash, name]), device)
  rmdirSync(path)
}

async function finishDirectory(
  directories: Directories,
  path: string,
  entry: Plan['finishing'][number]['entry'],
  mtime: boolean,
): Promise<void> {
  try {
    if (entry.xattrs) {
      const { head, tail } = tarMember('./', entry, { type: 'directory' })
      await extract(directories.forOthers(path), () => [head, tail])
    }
    const file = directories.descriptor(path)
    const stat = fstatSync(file)
    if (stat.uid !== entry.uid || stat.gid !== entry.gid) fchownSync(file, entry.uid, entry.gid)
    if ((stat.mode & 0o7777) !== entry.mode || stat.uid !== entry.uid) fchmodSync(file, entry.mode)
    if (mtime) futimesSync(file, entry.mtime, entry.mtime)
  } catch (error) {
    throw explain(error, path)
  }
}
