import type { Digest, Progress } from '@holotype/base'
import type { ImageManifest } from '@holotype/image'
import { type Entry, parseTree, type Tree } from '@holotype/store'
import { fail } from '../errors.ts'
import { TREE_BYTES, TREE_DEPTH, TREE_ENTRIES } from '../limits.ts'
import { free, served } from '../memory.ts'
import type { ObjectSink } from '../site/frame-reader.ts'
import type { Packs } from '../site/packs.ts'
import type { ObjectFolder } from '../state/objects.ts'

/** Directories by the digest of their tree: what an image says lies below each. */
export interface IdealTree {
  readonly root: ImageManifest['root']
  children(tree: Digest): ReadonlyMap<string, Entry>
  /** The digests of all its trees. */
  readonly trees: ReadonlySet<Digest>
  /** A tree of it as it was read: what two images share is read once. */
  loaded(tree: Digest): LoadedTree | undefined
}

export interface LoadedTree {
  readonly children: ReadonlyMap<string, Entry>
  readonly stats: Tree['stats']
}

/** Every tree object begins so, being canonical JSON. */
const TREE_START = Buffer.from('{"entries":[')

/**
 * Loads all trees of an image, level by level, from what is kept and else from the packs. A frame that is fetched for one tree usually
 * holds others too, and files: what looks like a tree is kept at once, a file that is `unknown` to the node is staged, so that no frame
 * is fetched twice.
 * @throws AGENT_OBJECT_*, AGENT_SITE_UNREACHABLE, TREE_INVALID
 */
export async function fetchIdeal(
  root: ImageManifest['root'],
  from: {
    readonly kept: ObjectFolder
    readonly staged: ObjectFolder
    readonly unknown: (digest: Digest) => boolean
    readonly packs: Packs
    /** The image before, with which most is shared. */
    readonly claimed: IdealTree | undefined
    readonly progress: Progress
  },
): Promise<IdealTree> {
  const { kept, staged, unknown, packs, claimed, progress } = from
  const sink: ObjectSink = {
    wants: (digest) => (packs.sizeOf(digest) ?? TREE_BYTES) < TREE_BYTES,
    put(digest, bytes) {
      if (wanted.has(digest) || bytes.subarray(0, TREE_START.length).equals(TREE_START)) kept.put(digest, bytes)
      else if (unknown(digest)) staged.put(digest, bytes)
    },
    // Only a wanted tree is worth a stream: large things that nobody asked for here are files.
    begin: (digest) => (wanted.has(digest) ? kept.begin(digest) : { write() {}, end() {}, abort() {} }),
  }
  let wanted: ReadonlySet<Digest> = new Set()
  return load(
    root,
    async (missing) => {
      wanted = missing
      await packs.fetch(missing, sink, { progress, title: 'fetch directories' })
      return (digest) => kept.read(digest)
    },
    { kept, claimed },
  )
}

/** Loads an image's trees from what is kept; undefined when one is missing. */
export async function keptIdeal(root: ImageManifest['root'], kept: ObjectFolder): Promise<IdealTree | undefined> {
  try {
    return await load(root, undefined, { kept, claimed: undefined })
  } catch (error) {
    if (error instanceof NotKept) return undefined
    throw error
  }
}

class NotKept extends Error {}

type Fetch = (missing: ReadonlySet<Digest>) => Promise<(digest: Digest) => Buffer | undefined>

async function load(
  root: ImageManifest['root'],
  fetch: Fetch | undefined,
  { kept, claimed }: { readonly kept: ObjectFolder; readonly claimed: IdealTree | undefined },
): Promise<IdealTree> {
  const trees = new Map<Digest, LoadedTree>()
  let level = new Set<Digest>([root.tree])
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > TREE_DEPTH) throw fail('AGENT_OBJECT_MALFORMED', { what: `an image of more than ${TREE_DEPTH} levels` })
    const missing = new Set<Digest>()
    const next = new Set<Digest>()
    const take = (digest: Digest, tree: LoadedTree) => {
      trees.set(digest, tree)
      for (const entry of tree.children.values())
        if (entry.type === 'directory' && !trees.has(entry.tree) && !level.has(entry.tree)) next.add(entry.tree)
    }
    for (const digest of level) {
      const tree = claimed?.loaded(digest) ?? parsed(kept.read(digest))
      if (tree) take(digest, tree)
      else missing.add(digest)
    }
    if (missing.size > 0) {
      if (!fetch) throw new NotKept()
      const read = await fetch(missing)
      for (const digest of missing) {
        const tree = parsed(read(digest))
        if (!tree) throw fail('AGENT_OBJECT_MISSING', { what: `the tree ${digest} did not come out of its pack` })
        take(digest, tree)
      }
    }
    level = next
  }
  checkSums(trees, root.tree)
  return {
    root,
    trees: new Set(trees.keys()),
    loaded: (tree) => trees.get(tree),
    children: (tree) => trees.get(tree)?.children ?? new Map(),
  }
}

function parsed(bytes: Buffer | undefined): LoadedTree | undefined {
  if (!bytes) return undefined
  const { entries, stats } = parseTree(bytes)
  served(bytes.length)
  free(bytes)
  return { children: new Map(entries.map((entry) => [entry.name, entry])), stats }
}

/** The sums that a directory entry states must be those of its tree: so the root's sum bounds the walk, also where trees are shared. */
function checkSums(trees: ReadonlyMap<Digest, LoadedTree>, root: Digest): void {
  for (const { children } of trees.values())
    for (const entry of children.values()) {
      if (entry.type !== 'directory') continue
      const sum = trees.get(entry.tree)?.stats
      if (sum?.files !== entry.stats.files || sum.directories !== entry.stats.directories)
        throw fail('AGENT_OBJECT_MALFORMED', { what: `the sums of ${entry.name} are not those of its tree` })
    }
  const total = trees.get(root)?.stats
  if (total && total.files + total.directories > TREE_ENTRIES)
    throw fail('AGENT_OBJECT_MALFORMED', { what: `an image of more than ${TREE_ENTRIES} paths` })
}
