import { type Digest, formatBytes, isErrorCode, type Progress, runTask } from '@holotype/base'
import { parsePackIndex, type Store, walkTree, writeDelta, writePack } from '@holotype/store'
import type { ChannelTarget, DeltaRef, PackRef } from '@holotype/trust'
import { PACK_NEEDED_SHARE, PACKS_PER_IMAGE } from '../limits.ts'
import { readManifest } from '../manifest.ts'

export interface PublishImageOptions {
  /** Where the image was composed. */
  readonly store: Store
  /** The site's objects. */
  readonly site: Store
  readonly image: Digest
  /** Packs of the site that may hold some of it, of this channel and of others: what those that are taken hold is not packed again. */
  readonly onto: readonly PackRef[]
  /** The image that nodes come from: what leads from there is made too. */
  readonly from?: Digest
  readonly progress: Progress
}

/**
 * Puts an image on a site: what the packs in `onto` lack goes into one new pack; what leads from the image `from` into a delta; the
 * manifest and what it names go beside them. Nothing refers to any of it until a channel statement does (invariant 1), so an interrupted
 * call is simply repeated. Durable when it returns.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, DISK_FULL
 */
export async function publishImage(options: PublishImageOptions): Promise<ChannelTarget> {
  const { site, from } = options
  const target = await putImage(options)
  const delta = from === undefined || from === target.image ? undefined : await putDelta(options, from)
  await site.flush()
  return delta ? { ...target, delta } : target
}

function putImage(options: PublishImageOptions): Promise<ChannelTarget> {
  const { store, site, image, progress } = options
  return runTask(progress, { title: 'put the image on the site' }, async (task) => {
    const manifest = readManifest(store, image)
    const needed = treesThenBlobs(store, manifest.root.tree)
    const { packs, missing } = choosePacks(holdings(site, options.onto), needed)
    if (missing.length > 0) {
      const { index, indexSize, pack, size, objects } = await writePack(store, missing, site)
      packs.push({ index, indexSize, pack, size })
      task.note(`${objects} new objects, ${formatBytes(size)} packed`)
    } else task.note('nothing new')
    const { lock, spec, packages, owners, hardlinks, boot } = manifest
    for (const digest of [
      lock,
      spec,
      packages,
      owners,
      ...(hardlinks ? [hardlinks] : []),
      ...(boot ? [boot] : []),
      image,
    ])
      site.put(store.read(digest))
    return { image, packs }
  })
}

/** A store that does not hold the old image any more makes no delta: nodes take the packs. */
function putDelta({ store, site, image, progress }: PublishImageOptions, from: Digest): Promise<DeltaRef | undefined> {
  return runTask(progress, { title: 'make the delta', unit: 'bytes' }, async (task) => {
    try {
      const [old, next] = [readManifest(store, from).root.tree, readManifest(store, image).root.tree]
      const onBytes = (done: number, total: number) => task.advance(done, { total })
      const made = await writeDelta({ store, from: old, to: next, target: site, onBytes })
      task.note(`${made.objects} files of ${formatBytes(made.raw)} in ${formatBytes(made.fetched)}`)
      const { index, indexSize, pack, size } = made
      return { from, index, indexSize, pack, size }
    } catch (error) {
      if (!isErrorCode(error, 'OBJECT_MISSING')) throw error
      task.note('none: the store holds the image before no more')
      return undefined
    }
  })
}

/** Trees before blobs: a node that needs the tree alone reads the first frames, and compares before it reads another. */
function treesThenBlobs(store: Store, root: Digest): Digest[] {
  const trees = new Set([root])
  const blobs = new Set<Digest>()
  for (const { entry } of walkTree(store, root)) {
    if (entry.type === 'directory') trees.add(entry.tree)
    else if (entry.type === 'file') blobs.add(entry.digest)
  }
  return [...trees, ...blobs]
}

interface Holding {
  readonly ref: PackRef
  readonly objects: readonly { readonly digest: Digest; readonly size: number }[]
}

/**
 * The few packs that hold most of what is needed, the one that adds most bytes always next; what they lack is `missing`. A pack of which little
 * is needed any more is left, so that the site can let it go.
 */
function choosePacks(
  holdings: readonly Holding[],
  needed: readonly Digest[],
): { readonly packs: PackRef[]; readonly missing: readonly Digest[] } {
  const left = new Set(needed)
  const useful = holdings.filter(
    ({ objects }) => bytesOf(objects, left) >= PACK_NEEDED_SHARE * objects.reduce((sum, { size }) => sum + size, 0),
  )
  const chosen = new Set<Holding>()
  while (chosen.size < PACKS_PER_IMAGE - 1) {
    const [best] = useful
      .map((holding) => ({ holding, bytes: bytesOf(holding.objects, left) }))
      .sort((a, b) => b.bytes - a.bytes)
    if (!best || best.bytes === 0) break
    chosen.add(best.holding)
    for (const { digest } of best.holding.objects) left.delete(digest)
  }
  return { packs: holdings.filter((holding) => chosen.has(holding)).map(({ ref }) => ref), missing: [...left] }
}

function bytesOf(objects: Holding['objects'], wanted: ReadonlySet<Digest>): number {
  return objects.reduce((sum, { digest, size }) => (wanted.has(digest) ? sum + size : sum), 0)
}

function hasOf(site: Store, digest: Digest, size: number): boolean {
  return site.has(digest) && site.sizeOf(digest) === size
}

function holdings(site: Store, packs: readonly PackRef[]): Holding[] {
  // A pack that the site lost is not counted on: what it held is packed anew.
  const there = packs.filter(
    ({ index, indexSize, pack, size }) => hasOf(site, index, indexSize) && hasOf(site, pack, size),
  )
  return there.map((ref) => ({
    ref,
    objects: parsePackIndex(site.read(ref.index)).frames.flatMap(({ objects }) => objects),
  }))
}
