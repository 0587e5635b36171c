import { compareText, type Digest } from '@holotype/base'
import { fail } from './errors.ts'
import { TREE_DEPTH } from './limits.ts'
import type { Entry, PathInput, Store, TreeStats } from './types.ts'

/** What `buildTree` stored of each directory, by its path. */
export type BuiltDirectories = Map<string, { readonly children: readonly Child[]; readonly built: Built }>

interface Child extends PathInput {
  /** Of a directory. */
  readonly built?: Built
}

interface Built {
  readonly digest: Digest
  readonly stats: TreeStats
}

/**
 * Stores the directories of a flat list of paths, in any order, and gives the root's digest. Every directory stands in the list itself
 * (with its metadata), only the root may be left out: a missing parent is an error, never invented.
 *
 * `before`: what was stored of another list of this process, brought up to date here. A directory is not encoded again where it and all below have
 * the same entries, that is the same objects.
 * @throws TREE_INVALID a missing parent, a parent that is no directory, a path twice, a bad name; DISK_FULL
 */
export function buildTree(store: Store, inputs: Iterable<PathInput>, before: BuiltDirectories = new Map()): Built {
  const directories = new Map<string, Child[]>([['', []]])
  const parents = new Map<string, PathInput>()
  const leaves: PathInput[] = []
  for (const input of inputs) {
    if (input.path.startsWith('/')) throw fail('TREE_INVALID', { what: `${input.path} is not relative to the root` })
    if (input.entry.type !== 'directory') leaves.push(input)
    else if (input.path !== '') {
      if (parents.has(input.path)) throw twice(input.path)
      parents.set(input.path, input)
      directories.set(input.path, [])
    }
  }
  const childrenOf = (path: string): Child[] => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const children = directories.get(parent)
    if (children) return children
    throw fail('TREE_INVALID', {
      what: `${JSON.stringify(path)} lies in ${JSON.stringify(parent)}, which is no directory of the list`,
    })
  }
  // Files of one directory mostly stand side by side: the next one's is looked up only where it is another.
  let [beside, siblings]: [string, Child[]] = ['/', []]
  for (const leaf of leaves) {
    const { path } = leaf
    if (directories.has(path)) throw twice(path)
    if (!path.startsWith(beside) || path.includes('/', beside.length)) {
      siblings = childrenOf(path)
      beside = path.slice(0, path.lastIndexOf('/') + 1)
    }
    siblings.push(leaf)
  }
  const build = (path: string): Built => {
    const children = directories.get(path) ?? []
    const known = before.get(path)
    if (known && isSame(known.children, children)) return known.built
    const built = store.putTree(children.map(entryOf))
    before.set(path, { children, built })
    return built
  }
  // A path sorts after the path it lies in, so going backwards every directory comes after all below it.
  for (const [path, { entry }] of [...parents].sort(([a], [b]) => compareText(b, a))) {
    if (path.split('/', TREE_DEPTH + 1).length > TREE_DEPTH)
      throw fail('TREE_INVALID', {
        what: `${JSON.stringify(path.slice(0, 80))}… is deeper than ${TREE_DEPTH} directories`,
      })
    childrenOf(path).push({ path, entry, built: build(path) })
  }
  return build('')
}

function isSame(a: readonly Child[], b: readonly Child[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, entry, built }, i) => {
      const other = b[i]
      return other?.entry === entry && other.path === path && other.built?.digest === built?.digest
    })
  )
}

function entryOf({ path, entry, built }: Child): Entry {
  const name = nameOf(path)
  if (entry.type !== 'directory') return { ...entry, name }
  if (built === undefined) throw new TypeError(`${path} was not built`)
  const { mode, uid, gid, mtime, xattrs } = entry
  const own = xattrs === undefined ? {} : { xattrs }
  return { type: 'directory', name, mode, uid, gid, mtime, ...own, tree: built.digest, stats: built.stats }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function twice(path: string): Error {
  return fail('TREE_INVALID', { what: `${JSON.stringify(path)} stands twice in the list` })
}
