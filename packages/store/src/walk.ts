import type { Digest } from '@holotype/base'
import { fail } from './errors.ts'
import { TREE_DEPTH } from './limits.ts'
import type { Entry, PathEntry, Store } from './types.ts'

/**
 * Everything below a tree, a directory before what it holds, names in order (UTF-16 code unit) within each: the path order of the house.
 * The root itself is not given, as it has no name and no metadata of its own.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID
 */
export function walkTree(store: Store, root: Digest): Generator<PathEntry> {
  return walk(store, root, '', 0)
}

function* walk(store: Store, tree: Digest, base: string, depth: number): Generator<PathEntry> {
  if (depth > TREE_DEPTH) throw tooDeep(base)
  for (const entry of store.readTree(tree).entries) {
    const path = base === '' ? entry.name : `${base}/${entry.name}`
    yield { path, entry }
    if (entry.type === 'directory') yield* walk(store, entry.tree, path, depth + 1)
  }
}

/**
 * What lies at a path (relative, no leading slash), reading only the trees on the way. Symlinks are not followed.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID
 */
export function lookup(store: Store, root: Digest, path: string): Entry | undefined {
  let tree: Digest | undefined = root
  let found: Entry | undefined
  for (const part of path.split('/')) {
    if (tree === undefined) return undefined
    found = store.readTree(tree).entries.find((entry) => entry.name === part)
    if (found === undefined) return undefined
    tree = found.type === 'directory' ? found.tree : undefined
  }
  return found
}

/**
 * The digest of every object of a tree, the root's own first, each once, in path order: a tree before what it holds.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID (of trees; blobs are not read)
 */
export function objectsOf(store: Store, root: Digest): Generator<Digest> {
  return objects(store, root, new Set(), 0)
}

function* objects(store: Store, tree: Digest, seen: Set<Digest>, depth: number): Generator<Digest> {
  if (depth > TREE_DEPTH) throw tooDeep(tree)
  if (seen.has(tree)) return
  seen.add(tree)
  yield tree
  for (const entry of store.readTree(tree).entries) {
    if (entry.type === 'directory') yield* objects(store, entry.tree, seen, depth + 1)
    else if (entry.type === 'file' && !seen.has(entry.digest)) {
      seen.add(entry.digest)
      yield entry.digest
    }
  }
}

function tooDeep(where: string): Error {
  return fail('TREE_INVALID', { what: `${where.slice(0, 80)}… is deeper than ${TREE_DEPTH} directories` })
}
