import { type Digest, formatBytes, isErrorCode, type Progress, runTask } from '@holotype/base'
import { parsePackIndex, type Store, walkTree, writeDelta, writePack } from '@holotype/store'
import type { ChannelTarget, DeltaRef, PackRef } from '@holotype/trust'
import { PACKS_PER_IMAGE } from '../limits.ts'
import { readManifest } from '../manifest.ts'

export interface PublishImageOptions {
  /** Where the image was composed. */
  readonly store: Store
  /** The site's objects. */
  readonly site: Store
  readonly image: Digest
  /** Packs that nodes of the channel may have read already: what they hold is not packed again. */
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
    const present = options.onto.length < PACKS_PER_IMAGE ? holdings(site, options.onto) : []
    const held = new Set(present.flatMap(({ objects }) => [...objects]))
    const missing = needed.filter((digest) => !held.has(digest))
    const wanted = new Set(needed)
    const packs: PackRef[] = present
      .filter(({ objects }) => objects.some((digest) => wanted.has(digest)))
      .map(({ ref }) => ref)
    if (missing.length > 0) {
      const { index, pack, size, objects } = await writePack(store, missing, site)
      packs.push({ index, pack, size })
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
      return { from, index: made.index, pack: made.pack, size: made.size }
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

function holdings(site: Store, packs: readonly PackRef[]): { ref: PackRef; objects: Digest[] }[] {
  // A pack that the site lost is not counted on: what it held is packed anew.
  const there = packs.filter(({ index, pack, size }) => site.has(index) && site.has(pack) && site.sizeOf(pack) === size)
  return there.map((ref) => ({
    ref,
    objects: parsePackIndex(site.read(ref.index)).frames.flatMap((frame) =>
      frame.objects.map((object) => object.digest),
    ),
  }))
}
