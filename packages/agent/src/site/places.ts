import { type Digest, hexOf } from '@holotype/base'
import type { PackFrame, PackIndex } from '@holotype/store'

/** Where the objects of packs lie. Indexes of an image name every object of it: here each takes some fifty bytes, as JavaScript's objects four times that. */
export interface Places {
  /** The frame that holds an object. */
  frameOf(digest: Digest): number | undefined
  sizeOf(digest: Digest): number | undefined
  /** What has to be known to put requests together. */
  stretchOf(frame: number): Stretch
  /** A frame with its objects. */
  frame(frame: number): PackFrame
}

/** Where a frame lies. */
export interface Stretch {
  /** The number of its pack, in the order of the indexes. */
  readonly pack: number
  readonly frame: number
  readonly offset: number
  readonly length: number
}

const DIGEST_BYTES = 32

/** A table of all objects of some packs; an object that several hold counts where it is first. */
export function placesIn(indexes: readonly PackIndex[]): Places {
  const frames = indexes.flatMap((index) => index.frames)
  const count = frames.reduce((sum, { objects }) => sum + objects.length, 0)
  const digests = Buffer.allocUnsafeSlow(count * DIGEST_BYTES)
  const sizes = new Float64Array(count)
  const frameOfObject = new Uint32Array(count)
  // Per frame: pack, offset, length, size, and the number of its first object.
  const heads = new Float64Array((frames.length + 1) * 5)
  // Open addressing by the digest's first bytes, at most half full; an entry is the object's number plus one.
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 2)))
  const wanted = Buffer.alloc(DIGEST_BYTES)

  /** The slot of a digest: that of the object with it, or an empty one. */
  const slotOf = (digest: Buffer, at: number): number => {
    let slot = digest.readUInt32LE(at) % slots.length
    for (let entry = slots[slot]; entry; entry = slots[slot]) {
      const other = (entry - 1) * DIGEST_BYTES
      if (digest.compare(digests, other, other + DIGEST_BYTES, at, at + DIGEST_BYTES) === 0) return slot
      slot = (slot + 1) % slots.length
    }
    return slot
  }
  const find = (digest: Digest): number | undefined => {
    wanted.write(hexOf(digest), 'hex')
    const entry = slots[slotOf(wanted, 0)] ?? 0
    return entry === 0 ? undefined : entry - 1
  }

  let object = 0
  let number = 0
  for (const [pack, index] of indexes.entries())
    for (const { offset, length, size, objects } of index.frames) {
      heads.set([pack, offset, length, size, object], number * 5)
      for (const { digest, size: bytes } of objects) {
        const at = object * DIGEST_BYTES
        digests.write(hexOf(digest), at, 'hex')
        sizes[object] = bytes
        frameOfObject[object] = number
        const slot = slotOf(digests, at)
        slots[slot] ||= object + 1
        object += 1
      }
      number += 1
    }
  heads[number * 5 + 4] = object

  const head = (frame: number, field: number) => heads[frame * 5 + field] ?? 0
  const digestAt = (at: number): Digest =>
    `sha256:${digests.toString('hex', at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES)}`
  return {
    frameOf(digest) {
      const found = find(digest)
      return found === undefined ? undefined : frameOfObject[found]
    },
    sizeOf(digest) {
      const found = find(digest)
      return found === undefined ? undefined : sizes[found]
    },
    stretchOf: (frame) => ({ pack: head(frame, 0), frame, offset: head(frame, 1), length: head(frame, 2) }),
    frame: (frame) => ({
      offset: head(frame, 1),
      length: head(frame, 2),
      size: head(frame, 3),
      objects: Array.from({ length: head(frame + 1, 4) - head(frame, 4) }, (_, index) => {
        const at = head(frame, 4) + index
        return { digest: digestAt(at), size: sizes[at] ?? 0 }
      }),
    }),
  }
}
