import type { Digest } from '@holotype/base'
import type { Entry, Store, TreeStats } from '@holotype/store'
import { readManifest } from '../manifest.ts'

/** What one path of an image takes with everything below it. */
export interface Usage {
  /** Absolute: `/usr/lib`. */
  readonly path: string
  /** How many parts it lies below the path that was asked for; 0 is that path. */
  readonly depth: number
  readonly type: Entry['type']
  /** Of one that is gone, those before. */
  readonly stats: TreeStats
  /** Beside another image: what became of it, and its sums there. Only the path that was asked for may have a row and be equal: it has no change. */
  readonly change?: 'added' | 'removed' | 'changed'
  readonly before?: TreeStats
}

export interface DiskUsageOptions {
  /** Absolute; symbolic links are not followed. */
  readonly path: string
  /** Levels below the path. */
  readonly depth: number
  /** The image that it is compared with. */
  readonly from?: Digest
}

interface Node {
  readonly type: Entry['type']
  readonly stats: TreeStats
  /** Of a directory. */
  readonly tree?: Digest
  /** Equal text, equal file. */
  readonly content: string
}

/**
 * What a path of an image takes, and what each path below it, the largest first within each directory; or, beside another image, what changed by how
 * much, the largest change first. Sums stand in the directory objects: of each image only those on the way to the path and one for each
 * directory whose content is listed are read, and none that is equal in both images.
 * @returns undefined where nothing lies at the path (in neither image)
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID, IMAGE_MALFORMED
 */
export function diskUsage(store: Store, image: Digest, options: DiskUsageOptions): Usage[] | undefined {
  const { path, depth, from } = options
  const parts = path.split('/').filter((part) => part !== '')
  const after = nodeAt(store, image, parts)
  const before = from === undefined ? undefined : nodeAt(store, from, parts)
  if (!after && !before) return undefined
  return [...usages({ store, compared: from !== undefined, limit: depth }, `/${parts.join('/')}`, { before, after }, 0)]
}

interface Walk {
  readonly store: Store
  readonly compared: boolean
  readonly limit: number
}

interface Sides {
  readonly before: Node | undefined
  readonly after: Node | undefined
}

function* usages(walk: Walk, path: string, sides: Sides, depth: number): Generator<Usage> {
  const { before, after } = sides
  const node = after ?? before
  if (!node) return
  const change = changeOf(walk, sides)
  const difference = { ...(change ? { change } : {}), ...(before ? { before: before.stats } : {}) }
  yield { path, depth, type: node.type, stats: node.stats, ...difference }
  if (depth >= walk.limit) return
  const children = childrenOf(walk, sides)
  const weight = (each: Sides) =>
    walk.compared ? Math.abs((each.after?.stats.bytes ?? 0) - (each.before?.stats.bytes ?? 0)) : bytesOf(each)
  // Names come in order, and sorting keeps it where bytes are equal.
  for (const [name, child] of [...children].sort(([, a], [, b]) => weight(b) - weight(a)))
    yield* usages(walk, path === '/' ? `/${name}` : `${path}/${name}`, child, depth + 1)
}

function changeOf({ compared }: Walk, { before, after }: Sides): Usage['change'] {
  if (!compared) return undefined
  if (!before || !after) return after ? 'added' : 'removed'
  return before.content === after.content ? undefined : 'changed'
}

function bytesOf({ before, after }: Sides): number {
  return (after ?? before)?.stats.bytes ?? 0
}

/** What lies in a directory on both sides, but for what is equal where two images are compared. */
function childrenOf({ store, compared }: Walk, { before, after }: Sides): Map<string, Sides> {
  const children = new Map<string, Sides>()
  if (compared && before?.tree === after?.tree) return children
  for (const entry of entriesOf(store, after)) children.set(entry.name, { before: undefined, after: nodeOf(entry) })
  for (const entry of entriesOf(store, before)) {
    const other = children.get(entry.name)?.after
    const node = nodeOf(entry)
    if (other && other.content === node.content) children.delete(entry.name)
    else children.set(entry.name, { before: node, after: other })
  }
  return children
}

function entriesOf(store: Store, node: Node | undefined): readonly Entry[] {
  return node?.tree === undefined ? [] : store.readTree(node.tree).entries
}

function nodeAt(store: Store, image: Digest, parts: readonly string[]): Node | undefined {
  const { root, stats } = readManifest(store, image)
  let node: Node | undefined = { type: 'directory', stats, tree: root.tree, content: root.tree }
  for (const part of parts) {
    const found: Entry | undefined = entriesOf(store, node).find((entry) => entry.name === part)
    node = found && nodeOf(found)
  }
  return node
}

function nodeOf(entry: Entry): Node {
  const { type } = entry
  if (type === 'directory') return { type, stats: entry.stats, tree: entry.tree, content: entry.tree }
  const bytes = type === 'file' ? entry.size : 0
  const content = type === 'file' ? entry.digest : type === 'symlink' ? entry.target : type
  return { type, stats: { files: 1, directories: 0, bytes, newest: entry.mtime }, content: `${type} ${content}` }
}
