import { dirname, join } from 'node:path/posix'
import { compareText, type PathMatcher } from '@holotype/base'
import { type BuiltDirectories, buildTree, type EntryInput, type Store, type TreeStats } from '@holotype/store'
import { fail } from '../errors.ts'
import { PATH_SYMLINKS } from '../limits.ts'
import type { ImageManifest } from '../types.ts'

/** `package:NAME`, `spec` or `step:NAME`. */
export type Owner = string

export interface OwnedEntry {
  readonly entry: EntryInput
  readonly owner: Owner
  /** Paths with the same word here are names of one inode: hard links. Whatever places another file at a path drops it. */
  readonly inode?: string
}

/** A whole image while it is made: what lies at each path, and whose it is. Paths have no leading slash; '' is the root. */
export type PathMap = Map<string, OwnedEntry>

/** An entry of a tree as a map has it: without its name, and a directory without what lies below. */
export function entryInput(entry: EntryInput & { readonly name?: string }): EntryInput {
  const { name: _name, ...rest } = entry
  if (rest.type !== 'directory') return rest
  const { mode, uid, gid, mtime, xattrs } = rest
  return { type: 'directory', mode, uid, gid, mtime, ...(xattrs ? { xattrs } : {}) }
}

/**
 * Where a path comes to lie when the directories above it may be symbolic links of the image (`bin` → `usr/bin`): what the kernel
 * would do when a package manager unpacks into the root. Links never lead out of it.
 * @throws IMAGE_PATH_CONFLICT on a loop of links
 */
export function pathResolver(map: PathMap): { resolve(path: string): string; forget(path: string): void } {
  const known = new Map<string, string>([['', '']])

  const directory = (path: string, links: number): string => {
    const seen = known.get(path)
    if (seen !== undefined) return seen
    if (links > PATH_SYMLINKS)
      throw fail('IMAGE_PATH_CONFLICT', { what: `/${path} lies behind a loop of symbolic links` })
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? '' : directory(path.slice(0, slash), links)
    const own = join(parent, path.slice(slash + 1))
    const { entry } = map.get(own) ?? {}
    const resolved = entry?.type === 'symlink' ? directory(inRoot(parent, entry.target), links + 1) : own
    known.set(path, resolved)
    return resolved
  }

  return {
    resolve: (path) => {
      const slash = path.lastIndexOf('/')
      return slash < 0 ? path : join(directory(path.slice(0, slash), 0), path.slice(slash + 1))
    },
    forget: (path) => {
      if (known.has(path)) {
        known.clear()
        known.set('', '')
      }
    },
  }
}

function inRoot(directory: string, target: string): string {
  return join('/', target.startsWith('/') ? '' : directory, target).slice(1)
}

const built = new WeakMap<PathMap, BuiltDirectories>()

/** Stores what the map holds as a tree: costs what changed since the last time. @throws IMAGE_MALFORMED: its root is no directory; TREE_INVALID, DISK_FULL */
export function rootOf(store: Store, map: PathMap): ImageManifest['root'] & { readonly stats: TreeStats } {
  const top = map.get('')?.entry
  if (top?.type !== 'directory') throw fail('IMAGE_MALFORMED', { what: 'the root is no directory' })
  const { mode, uid, gid, mtime } = top
  const entries = [...map].map(([path, { entry }]) => ({ path, entry }))
  const before = built.get(map) ?? new Map()
  built.set(map, before)
  const { digest, stats } = buildTree(store, entries, before)
  return { tree: digest, mode, uid, gid, mtime, stats }
}

/** The groups of paths that are one inode, sorted, as the manifest has them: with a leading slash. */
export function hardlinkGroups(map: PathMap): string[][] {
  const groups = new Map<string, string[]>()
  for (const [path, { inode }] of map) {
    if (inode === undefined) continue
    const group = groups.get(inode)
    if (group) group.push(`/${path}`)
    else groups.set(inode, [`/${path}`])
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.sort(compareText))
    .sort(([a = ''], [b = '']) => compareText(a, b))
}

/** Removes a path and all below it. */
export function removeBelow(map: PathMap, path: string, options: { readonly keepSelf: boolean }): void {
  const prefix = `${path}/`
  for (const candidate of map.keys()) if (candidate.startsWith(prefix)) map.delete(candidate)
  if (!options.keepSelf) map.delete(path)
}

/** What a matcher said of each path: stage after stage asks the same of the same paths. */
const verdicts = new WeakMap<PathMatcher, Map<string, boolean>>()

/** Leaves out what is pruned, and the pruned directories that then hold nothing. */
export function prune(map: PathMap, pruned: PathMatcher): void {
  const known = verdicts.get(pruned) ?? new Map<string, boolean>()
  verdicts.set(pruned, known)
  const isPruned = (path: string): boolean => {
    const verdict = known.get(path) ?? pruned(`/${path}`)
    known.set(path, verdict)
    return verdict
  }
  const directories: string[] = []
  for (const [path, { entry }] of map) {
    if (path === '' || !isPruned(path)) continue
    if (entry.type === 'directory') directories.push(path)
    else map.delete(path)
  }
  if (directories.length === 0) return
  const doomed = new Set(directories)
  const needed = new Set<string>()
  for (const path of map.keys()) if (!doomed.has(path)) needed.add(dirname(path))
  // Backwards: what lies in a directory comes before it.
  for (const path of directories.sort((a, b) => compareText(b, a))) {
    if (needed.has(path)) needed.add(dirname(path))
    else map.delete(path)
  }
}

/** Makes the directories above a path that are not there. @throws IMAGE_PATH_CONFLICT: what lies above is no directory */
export function addParents(map: PathMap, path: string, owner: Owner): void {
  let parent = dirname(path)
  for (; parent !== '.' && !map.has(parent); parent = dirname(parent)) {
    map.set(parent, { entry: { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }, owner })
  }
  const above = map.get(parent)
  if (above !== undefined && above.entry.type !== 'directory') throw notInDirectory(path, parent, above.owner)
}

/** @throws IMAGE_PATH_CONFLICT: a path lies in a file, behind a link, or in nothing */
export function requireDirectories(map: PathMap): void {
  for (const path of map.keys()) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const above = map.get(parent)
    if (parent !== '' && above?.entry.type !== 'directory') throw notInDirectory(path, parent, above?.owner)
  }
}

/** The error of a path that lies in a file or behind a link. */
export function notInDirectory(path: string, parent: string, owner: Owner = 'nobody'): Error {
  return fail('IMAGE_PATH_CONFLICT', {
    what: `/${path} should lie in /${parent}, which is no directory (${owner})`,
    hint: 'leave out the package or the file of the spec that has the one or the other',
  })
}
