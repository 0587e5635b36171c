import type { Digest, Progress } from '@holotype/base'
import type { ImageManifest } from '@holotype/image'
import { type Entry, parseTree, type Tree } from '@holotype/store'
import { fail } from '../errors.ts'
import { HELD_TREES, TREE_BYTES, TREE_DEPTH, TREE_ENTRIES, TREE_GARBAGE } from '../limits.ts'
import { free, served } from '../memory.ts'
import type { ObjectSink } from '../site/frame-reader.ts'
import type { Packs } from '../site/packs.ts'
import type { ObjectFolder } from '../state/objects.ts'

/** An image's directories. What lies in them is read from what the node keeps whenever it is asked for: all of it at once is tens of megabytes. */
export interface IdealTree {
  readonly root: ImageManifest['root']
  /** What the image says lies in a directory, by the digest of its tree. @throws AGENT_OBJECT_MISSING when that is not kept any more */
  children(tree: Digest): ReadonlyMap<string, Entry>
  /** All its trees by their digests. */
  readonly trees: ReadonlyMap<Digest, CheckedTree>
}

/** What the walk through an image's levels leaves of a tree. */
export interface CheckedTree extends Sums {
  /** Its directories. */
  readonly below: readonly Below[]
}

interface Below extends Sums {
  readonly tree: Digest
}

type Sums = Pick<Tree['stats'], 'files' | 'directories'>

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
  const trees = new Map<Digest, CheckedTree>()
  let level = new Set<Digest>([root.tree])
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > TREE_DEPTH) throw fail('AGENT_OBJECT_MALFORMED', { what: `an image of more than ${TREE_DEPTH} levels` })
    const missing = new Set<Digest>()
    const next = new Set<Digest>()
    const take = (digest: Digest, checked: CheckedTree) => {
      trees.set(digest, checked)
      for (const { tree } of checked.below) if (!trees.has(tree) && !level.has(tree)) next.add(tree)
    }
    for (const digest of level) {
      const tree = claimed?.trees.get(digest) ?? checkedTree(kept.read(digest))
      if (tree) take(digest, tree)
      else missing.add(digest)
    }
    if (missing.size > 0) {
      if (!fetch) throw new NotKept()
      const read = await fetch(missing)
      for (const digest of missing) {
        const tree = checkedTree(read(digest))
        if (!tree) throw fail('AGENT_OBJECT_MISSING', { what: `the tree ${digest} did not come out of its pack` })
        take(digest, tree)
      }
    }
    level = next
  }
  checkSums(trees, root.tree)
  return { root, trees, children: childrenIn(kept, claimed) }
}

/** Reads directories of an image that is kept; what it shares with another image may be kept with that one alone. */
function childrenIn(kept: ObjectFolder, claimed: IdealTree | undefined): IdealTree['children'] {
  const last = new Map<Digest, ReadonlyMap<string, Entry>>()
  return (digest) => {
    const known = last.get(digest)
    if (known) return known
    const tree = parsed(kept.read(digest))
    if (!tree && claimed?.trees.has(digest)) return claimed.children(digest)
    if (!tree)
      throw fail('AGENT_OBJECT_MISSING', { what: `the tree ${digest} was kept a moment ago and is not any more` })
    const children = new Map(tree.entries.map((entry) => [entry.name, entry]))
    for (const oldest of last.keys()) {
      if (last.size < HELD_TREES) break
      last.delete(oldest)
    }
    last.set(digest, children)
    return children
  }
}

function checkedTree(bytes: Buffer | undefined): CheckedTree | undefined {
  const tree = parsed(bytes)
  if (!tree) return undefined
  const below = tree.entries.flatMap((entry) =>
    entry.type === 'directory' ? [{ tree: entry.tree, ...sumsOf(entry.stats) }] : [],
  )
  return { ...sumsOf(tree.stats), below }
}

function sumsOf({ files, directories }: Tree['stats']): Sums {
  return { files, directories }
}

function parsed(bytes: Buffer | undefined): Tree | undefined {
  if (!bytes) return undefined
  const tree = parseTree(bytes)
  served(bytes.length * TREE_GARBAGE)
  free(bytes)
  return tree
}

/** The sums that a directory entry states must be those of its tree: so the root's sum bounds the walk, also where trees are shared. */
function checkSums(trees: ReadonlyMap<Digest, CheckedTree>, root: Digest): void {
  for (const { below } of trees.values())
    for (const { tree, files, directories } of below) {
      const sum = trees.get(tree)
      if (sum?.files !== files || sum.directories !== directories)
        throw fail('AGENT_OBJECT_MALFORMED', {
          what: `the sums of the tree ${tree} are not what its directory's entry says`,
        })
    }
  const total = trees.get(root)
  if (total && total.files + total.directories > TREE_ENTRIES)
    throw fail('AGENT_OBJECT_MALFORMED', { what: `an image of more than ${TREE_ENTRIES} paths` })
}

/** What an image has at a path, as seen from the root, but for the root itself. */
export function entryAt(ideal: IdealTree, path: string): Entry | undefined {
  const names = path.split('/').slice(1)
  const last = names.pop() ?? ''
  let directory = ideal.root.tree
  for (const name of names) {
    const entry = ideal.children(directory).get(name)
    if (entry?.type !== 'directory') return undefined
    directory = entry.tree
  }
  return ideal.children(directory).get(last)
}
