import { type Digest, formatBytes, type Progress, runTask } from '@holotype/base'
import { parsePackIndex, type Store, walkTree, writePack } from '@holotype/store'
import type { ChannelTarget, PackRef } from '@holotype/trust'
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
  readonly progress: Progress
}

/**
 * Puts an image on a site: what the packs in `onto` lack goes into one new pack, which is at the same time the delta from there; the
 * manifest and what it names go beside it. Nothing refers to any of it until a channel statement does (invariant 1), so an interrupted
 * call is simply repeated. Durable when it returns.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, DISK_FULL
 */
export function publishImage(options: PublishImageOptions): Promise<ChannelTarget> {
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
    await site.flush()
    return { image, packs }
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
