import { zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf } from '@holotype/base'
import type { PackFrame } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { OBJECT_IN_MEMORY_BYTES, ZSTD_PIECE_BYTES } from '../limits.ts'
import { frameReader } from './frame-reader.ts'
import { WrongBytes } from './site.ts'

/** Bytes that no compressor makes much smaller. */
function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = seed
  for (let at = 0; at < size; at++) bytes[at] = (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16
  return bytes
}

const objects = [
  [noise(10, 1), Buffer.alloc(0), noise(70_000, 2)],
  [noise(200_000, 3)],
  [noise(ZSTD_PIECE_BYTES * 3 + 1, 4)],
  [noise(OBJECT_IN_MEMORY_BYTES + 5, 5)],
  [noise(300, 6), noise(40, 7)],
]
const GAP = 100

/** Frames with gaps between them, and the bytes that they lie in. */
function packOf(groups: readonly (readonly Buffer[])[]): { frames: PackFrame[]; bytes: Buffer } {
  const frames: PackFrame[] = []
  const parts: Buffer[] = []
  let offset = 0
  for (const group of groups) {
    const raw = Buffer.concat(group)
    const compressed = zstdCompressSync(raw)
    frames.push({
      offset,
      length: compressed.length,
      size: raw.length,
      objects: group.map((object) => ({ digest: digestOf(object), size: object.length })),
    })
    parts.push(compressed, Buffer.alloc(GAP, 0xff))
    offset += compressed.length + GAP
  }
  return { frames, bytes: Buffer.concat(parts) }
}

function collecting(wants: (digest: Digest) => boolean = () => true) {
  const [whole, streamed] = [new Map<Digest, Buffer>(), new Map<Digest, Buffer>()]
  return {
    whole,
    streamed,
    wants,
    put: (digest: Digest, bytes: Buffer) => void whole.set(digest, Buffer.from(bytes)),
    begin(digest: Digest) {
      const pieces: Buffer[] = []
      return {
        write: (bytes: Buffer) => void pieces.push(Buffer.from(bytes)),
        end: () => void streamed.set(digest, Buffer.concat(pieces)),
        abort() {},
      }
    },
  }
}

async function feedAll(reader: ReturnType<typeof frameReader>, bytes: Buffer, step: number): Promise<void> {
  for (let at = reader.position(); at < bytes.length; at += step)
    await reader.feed(Buffer.from(bytes.subarray(at, at + step)))
}

describe('frames', () => {
  test.each([997, 65_536, Number.MAX_SAFE_INTEGER])(
    'give their objects whatever pieces they come in: %i bytes',
    async (step) => {
      const { frames, bytes } = packOf(objects)
      const sink = collecting()
      const reader = frameReader(frames, sink)
      await feedAll(reader, bytes, step)
      reader.close()
      const all = objects.flat()
      const [large] = all.filter(({ length }) => length > OBJECT_IN_MEMORY_BYTES)
      expect([...sink.streamed.values()].map(digestOf)).toEqual([digestOf(large ?? '')])
      expect([...sink.whole.values(), ...sink.streamed.values()].map(digestOf).sort()).toEqual(all.map(digestOf).sort())
    },
  )

  test('hand on what is wanted alone', async () => {
    const { frames, bytes } = packOf(objects)
    const wanted = digestOf(objects[4]?.[1] ?? '')
    const sink = collecting((digest) => digest === wanted)
    await feedAll(frameReader(frames, sink), bytes, 5000)
    expect([...sink.whole.keys(), ...sink.streamed.keys()]).toEqual([wanted])
  })

  const first = packOf(objects.slice(0, 2))
  const [frame = { offset: 0, length: 0, size: 0, objects: [] }, next = frame] = first.frames
  const damaged = Buffer.from(first.bytes)
  // What is damaged later may decompress: then the object has another digest, which is the sink's to see.
  damaged.fill(7, frame.offset, frame.offset + 4)
  const longer = packOf([[noise(10, 1), Buffer.alloc(0), noise(70_000, 2), noise(1, 3)]])
  const shorter = packOf([[noise(10, 1), Buffer.alloc(0), noise(69_999, 2)]])
  test.each([
    ['damaged', frame, damaged],
    ['larger than its index says', { ...frame, length: longer.frames[0]?.length ?? 0 }, longer.bytes],
    ['smaller than its index says', { ...frame, length: shorter.frames[0]?.length ?? 0 }, shorter.bytes],
    ['at its end before its length', { ...frame, length: frame.length + 1 }, first.bytes],
    ['cut', { ...frame, length: frame.length - 10 }, first.bytes],
  ])('one that is %s is begun anew', async (_, said, bytes) => {
    const sink = collecting()
    const reader = frameReader([said], sink)
    await expect(feedAll(reader, bytes.subarray(0, said.length), 1000)).rejects.toBeInstanceOf(WrongBytes)
    expect(reader.position()).toBe(said.offset)
    reader.close()
  })

  test('go on after wrong bytes with the right ones', async () => {
    const sink = collecting()
    const reader = frameReader(first.frames, sink)
    await expect(feedAll(reader, damaged, 1000)).rejects.toBeInstanceOf(WrongBytes)
    await feedAll(reader, first.bytes, 1000)
    expect(reader.position()).toBe(next.offset + next.length)
    expect(sink.whole.size).toBe(4)
    reader.close()
  })
})
