import { type Digest, hexOf } from '@holotype/base'
import type { PackFrame, PackIndex } from '@holotype/store'
import { HASH_BYTES, hashTable } from '../state/hash-table.ts'

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

/** Of an object's row: after its digest the number of the frame that holds it, and its size. */
const [FRAME, SIZE, ROW_BYTES] = [32, 36, 44] as const
/** Of a frame: pack, offset, length, size, and where its objects begin. */
const FRAME_FIELDS = 5

/** A table of all objects of some packs; an object that several frames hold is fetched from the first. */
export function placesIn(indexes: readonly PackIndex[]): Places {
  const all = indexes.flatMap(({ frames }) => frames)
  const table = hashTable(Buffer.alloc(0), ROW_BYTES)
  /** Row numbers of the frames' objects, one frame's after the other's. */
  const members = new Uint32Array(all.reduce((sum, { objects }) => sum + objects.length, 0))
  const frames = new Float64Array((all.length + 1) * FRAME_FIELDS)
  let member = 0
  let number = 0
  for (const [pack, index] of indexes.entries())
    for (const { offset, length, size, objects } of index.frames) {
      frames.set([pack, offset, length, size, member], number * FRAME_FIELDS)
      for (const object of objects) {
        const before = table.count()
        const found = table.make(Buffer.from(hexOf(object.digest), 'hex'))
        members[member++] = found
        if (found < before) continue
        table.row(found).writeUInt32LE(number, FRAME)
        table.row(found).writeDoubleLE(object.size, SIZE)
      }
      number += 1
    }
  frames.set([0, 0, 0, 0, member], number * FRAME_FIELDS)

  const rowOf = (digest: Digest): Buffer | undefined => {
    const found = table.find(Buffer.from(hexOf(digest), 'hex'))
    return found === undefined ? undefined : table.row(found)
  }
  const field = (frame: number, at: number) => frames[frame * FRAME_FIELDS + at] ?? 0
  return {
    frameOf: (digest) => rowOf(digest)?.readUInt32LE(FRAME),
    sizeOf: (digest) => rowOf(digest)?.readDoubleLE(SIZE),
    stretchOf: (frame) => ({ pack: field(frame, 0), frame, offset: field(frame, 1), length: field(frame, 2) }),
    frame: (frame) => ({
      offset: field(frame, 1),
      length: field(frame, 2),
      size: field(frame, 3),
      objects: Array.from(members.subarray(field(frame, 4), field(frame + 1, 4)), (found) => {
        const row = table.row(found)
        return { digest: `sha256:${row.toString('hex', 0, HASH_BYTES)}` as const, size: row.readDoubleLE(SIZE) }
      }),
    }),
  }
}
