import { lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, type Stats } from 'node:fs'
import { compileGlobs, type Digest, formatBytes, type Progress, removePath, run, runTask } from '@holotype/base'
import { flush } from '../apply/apply.ts'
import { temporaryBeside } from '../apply/areas.ts'
import { Directories } from '../apply/directories.ts'
import { explain } from '../explain.ts'
import { CARRIED_BYTES, CARRIED_FILES } from '../limits.ts'
import type { IdealTree } from '../tree/ideal.ts'
import { listDirectory } from '../tree/list-directory.ts'
import { nameOf, parentOf } from '../tree/names.ts'
import { mountsBelow, territoryOf } from '../tree/territory.ts'

export interface CarryOptions {
  /** The root that runs, and the one that does not. */
  readonly from: string
  readonly to: string
  /** The image that the other root is at, and what it excludes. */
  readonly ideal: IdealTree
  readonly exclusions: readonly string[]
  readonly progress: Progress
}

/** What is to be done in one directory. */
interface Work {
  readonly directory: string
  readonly copy: string[]
  readonly remove: string[]
}

/**
 * Makes single excluded files and symlinks (`/etc/machine-id`, `/etc/ssh/ssh_host_*`) the same in the other root as in the running one: those that lie
 * among paths of the image. What lies in a directory that is excluded as a whole (`/home/**`) is data, and not carried. Each path is
 * old or new. What is too large is told in a note.
 * @throws DISK_FULL, AGENT_*, PROCESS_*
 */
export async function carryOver(options: CarryOptions): Promise<void> {
  const { from, to, progress } = options
  await runTask(progress, { title: 'carry over what is excluded' }, async (task) => {
    const left: string[] = []
    const works = findWork(options, left)
    using source = new Directories(from)
    using target = new Directories(to)
    for (const work of works) {
      if (work.copy.length > 0) await copy(work, source, target)
      for (const path of work.remove) removePath(target.at(path))
    }
    if (works.length > 0) await flush(to, progress)
    if (left.length > 0) task.note(`not of more than ${formatBytes(CARRIED_BYTES)}: ${left.slice(0, 10).join(', ')}`)
  })
}

function findWork({ from, to, ideal, exclusions }: CarryOptions, left: string[]): Work[] {
  const covered = compileGlobs(exclusions)
  const mounts = mountsBelow(from)
  const { allBelowUntouched, mayHoldUntouched } = territoryOf({ root: to, state: '', exclusions, mounts })
  const [here, there] = [from, to].map((root) => (root === '/' ? '' : root))
  const works: Work[] = []
  let count = 0
  const visit = (directory: string, tree: Digest) => {
    const prefix = directory === '/' ? '/' : `${directory}/`
    const children = ideal.children(tree)
    for (const [name, entry] of children)
      if (entry.type === 'directory' && !covered(prefix + name) && !mounts.has(prefix + name))
        visit(prefix + name, entry.tree)
    if (!mayHoldUntouched(directory) || allBelowUntouched(directory)) return
    const work: Work = { directory, copy: [], remove: [] }
    const isOurs = (name: string) => name.isWellFormed() && covered(prefix + name) && !mounts.has(prefix + name)
    const names = new Set(listDirectory(here + directory, directory).filter(isOurs))
    for (const name of names) {
      const path = prefix + name
      const [now, old] = [leafAt(here + path), leafAt(there + path)]
      if (!now || old === 'directory' || now === 'directory' || isEqual(here + path, now, there + path, old)) continue
      if (now.size > CARRIED_BYTES || ++count > CARRIED_FILES) left.push(path)
      else work.copy.push(path)
    }
    for (const name of listDirectory(there + directory, directory).filter(isOurs)) {
      const old = names.has(name) || children.has(name) ? undefined : leafAt(there + prefix + name)
      if (old && old !== 'directory') work.remove.push(prefix + name)
    }
    if (work.copy.length + work.remove.length > 0) works.push(work)
  }
  visit('/', ideal.root.tree)
  return works
}

/** A file's or symlink's stat; nothing where there is something else, or nothing. */
function leafAt(full: string): Stats | 'directory' | undefined {
  const stat = lstatSync(full, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return 'directory'
  return stat?.isFile() || stat?.isSymbolicLink() ? stat : undefined
}

function isEqual(path: string, now: Stats, other: string, old: Stats | undefined): boolean {
  if (!old || now.mode !== old.mode || now.uid !== old.uid || now.gid !== old.gid || now.size !== old.size) return false
  if (now.isSymbolicLink()) return readlinkSync(path) === readlinkSync(other)
  // A larger one that is the same by all that a stat says is not read.
  return now.mtimeMs === old.mtimeMs && (now.size > CARRIED_BYTES || readFileSync(path).equals(readFileSync(other)))
}

/** Copies with owner, mode, time, and attributes, into a closed directory beside; then each gets its name by one rename. */
async function copy({ directory, copy: paths }: Work, source: Directories, target: Directories): Promise<void> {
  const area = temporaryBeside(`${directory === '/' ? '' : directory}/x`)
  try {
    mkdirSync(target.at(area), 0o700)
    const into = `${target.forOthers(parentOf(area))}/${nameOf(area)}`
    const sources = paths.map((path) => `${source.forOthers(directory)}/${nameOf(path)}`)
    await run(['cp', '--no-dereference', '--preserve=all', '--reflink=auto', '-t', into, '--', ...sources])
    for (const path of paths) renameSync(`${target.at(area)}/${nameOf(path)}`, target.at(path))
  } catch (error) {
    throw explain(error, directory)
  } finally {
    removePath(target.at(area))
  }
}
