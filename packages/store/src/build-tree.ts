import { compareText, type Digest } from '@holotype/base'
import { fail } from './errors.ts'
import { TREE_DEPTH } from './limits.ts'
import type { DirectoryEntry, Entry, PathInput, Store, TreeStats } from './types.ts'

/**
 * Stores the directories of a flat list of paths, in any order, and gives the root's digest. Every directory stands in the list itself
 * (with its metadata), only the root may be left out: a missing parent is an error, never invented.
 * @throws TREE_INVALID a missing parent, a parent that is no directory, a path twice, a bad name; DISK_FULL
 */
export function buildTree(
  store: Store,
  inputs: Iterable<PathInput>,
): { readonly digest: Digest; readonly stats: TreeStats } {
  const directories = new Map<string, Entry[]>([['', []]])
  const parents = new Map<string, Omit<DirectoryEntry, 'name' | 'tree' | 'stats'>>()
  const leaves: PathInput[] = []
  for (const input of inputs) {
    if (input.path.startsWith('/')) throw fail('TREE_INVALID', { what: `${input.path} is not relative to the root` })
    if (input.entry.type !== 'directory') leaves.push(input)
    else if (input.path !== '') {
      if (parents.has(input.path)) throw twice(input.path)
      parents.set(input.path, input.entry)
      directories.set(input.path, [])
    }
  }
  const childrenOf = (path: string): Entry[] => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const children = directories.get(parent)
    if (children) return children
    throw fail('TREE_INVALID', {
      what: `${JSON.stringify(path)} lies in ${JSON.stringify(parent)}, which is no directory of the list`,
    })
  }
  for (const { path, entry } of leaves) {
    // Narrowed again: a directory never gets into `leaves`.
    if (entry.type === 'directory') continue
    if (directories.has(path)) throw twice(path)
    childrenOf(path).push({ ...entry, name: nameOf(path) })
  }
  // A path sorts after the path it lies in, so going backwards every directory comes after all below it.
  for (const [path, entry] of [...parents].sort(([a], [b]) => compareText(b, a))) {
    if (path.split('/', TREE_DEPTH + 1).length > TREE_DEPTH)
      throw fail('TREE_INVALID', {
        what: `${JSON.stringify(path.slice(0, 80))}… is deeper than ${TREE_DEPTH} directories`,
      })
    const built = store.putTree(directories.get(path) ?? [])
    const { mode, uid, gid, mtime, xattrs } = entry
    childrenOf(path).push({
      type: 'directory',
      name: nameOf(path),
      mode,
      uid,
      gid,
      mtime,
      ...(xattrs === undefined ? {} : { xattrs }),
      tree: built.digest,
      stats: built.stats,
    })
  }
  return store.putTree(directories.get('') ?? [])
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function twice(path: string): Error {
  return fail('TREE_INVALID', { what: `${JSON.stringify(path)} stands twice in the list` })
}
