import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf, errnoOf, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_TARGET_BYTES } from './limits.ts'
import { openFrame } from './open-frame.ts'
import { parsePackIndex } from './pack-index.ts'
import { openStore } from './store.ts'
import { temporaryDirectory } from './testing/temporary.ts'
import type { PackFrame } from './types.ts'
import { writePack } from './write-pack.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
const coded = (code: string) => expect.objectContaining({ code })

/** All objects of a pack, in order, as a reader with the index and the pack alone gets them. */
function unpack(index: Buffer, pack: Buffer): Map<Digest, Buffer> {
  const objects = parsePackIndex(index).frames.flatMap((frame) =>
    openFrame(frame, pack.subarray(frame.offset, frame.offset + frame.length)),
  )
  return new Map(objects.map(({ digest, bytes }) => [digest, bytes]))
}

describe('a pack', () => {
  it('gives back every object, in the order given, each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 12 }), async (contents) => {
        const digests = contents.map((bytes) => store.put(bytes))
        const target = openStore(join(directory, 'site'))
        const ref = await writePack(store, digests, target)
        const objects = unpack(target.read(ref.index), target.read(ref.pack))
        expect([...objects.keys()]).toEqual([...new Set(digests)])
        for (const [digest, bytes] of objects) expect(digestOf(bytes)).toBe(digest)
        expect(ref.objects).toBe(objects.size)
      }),
      { numRuns: 40 },
    )
  })

  it('gathers small objects up to the size of a frame, gives a large one its own frame, and is the same twice', async () => {
    const small = Array.from({ length: 30 }, () => store.put(randomBytes(9000)))
    const large = store.put(randomBytes(3_000_000))
    const digests = [...small.slice(0, 5), large, ...small.slice(5)]
    const [one, two] = [
      await writePack(store, digests, store),
      await writePack(store, digests, openStore(join(directory, 'two'))),
    ]
    expect(two).toEqual(one)
    const { frames } = parsePackIndex(store.read(one.index))
    expect(frames.map(({ objects }) => objects.length).sort((a, b) => a - b)).toEqual([1, 10, 10, 10])
    for (const { size, objects } of frames) expect(objects.length === 1 || size <= FRAME_TARGET_BYTES).toBe(true)
    expect(one.raw).toBe(3_270_000)
  })

  it('fails as a whole when an object is missing or damaged, and leaves no pack', async () => {
    const digests = [store.put(randomBytes(2_000_000)), store.put(randomBytes(10))]
    const damaged = store.put(Buffer.from('good'))
    writeFileSync(store.pathOf(damaged), 'evil')
    await expect(writePack(store, [...digests, damaged], store)).rejects.toThrow(coded('OBJECT_CORRUPT'))
    await expect(writePack(store, [...digests, digestOf('none')], store)).rejects.toThrow(coded('OBJECT_MISSING'))
  })

  it('decompresses with the zstd program to its objects back to back (skipped where zstd is not installed)', async ({
    skip,
  }) => {
    const contents = ['one', 'two', 'x'.repeat(2_000_000), 'three']
    const ref = await writePack(
      store,
      contents.map((text) => store.put(Buffer.from(text))),
      store,
    )
    const program = await run(['zstd', '-dc', store.pathOf(ref.pack)]).catch((error: unknown) => {
      if (errnoOf(error) === 'PROCESS_NOT_FOUND') return undefined
      throw error
    })
    if (!program) return skip('zstd is not installed')
    // The large one does not split the frame of small ones around it.
    expect(program.stdout.toString()).toBe(['x'.repeat(2_000_000), 'one', 'two', 'three'].join(''))
  })
})

describe('openFrame', () => {
  const bytes = Buffer.from('some text, some more text')
  const compressed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 0 } })
  const frame: PackFrame = {
    offset: 0,
    length: compressed.length,
    size: bytes.length,
    objects: [
      { digest: digestOf(bytes.subarray(0, 4)), size: 4 },
      { digest: digestOf(bytes.subarray(4)), size: bytes.length - 4 },
    ],
  }

  it('gives nothing out of a frame with any one bit flipped, or cut short', () => {
    expect(openFrame(frame, compressed).map((object) => object.bytes.toString())).toEqual([
      'some',
      ' text, some more text',
    ])
    for (let bit = 0; bit < compressed.length * 8; bit++) {
      const flipped = Buffer.from(compressed)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        const objects = openFrame(frame, flipped)
        // A bit that zstd ignores may flip; the bytes may not.
        expect(Buffer.concat(objects.map((object) => object.bytes)).equals(bytes)).toBe(true)
      } catch (error) {
        expect(errnoOf(error)).toBe('PACK_CORRUPT')
      }
    }
    for (let length = 0; length < compressed.length; length++) {
      const cut = compressed.subarray(0, length)
      expect(() => openFrame(frame, cut)).toThrow(coded('PACK_CORRUPT'))
      expect(() => openFrame({ ...frame, length }, cut)).toThrow(coded('PACK_CORRUPT'))
    }
  })

  it('stops a decompression bomb at the size stated', () => {
    const bomb = zstdCompressSync(Buffer.alloc(200_000_000))
    const before = process.memoryUsage().arrayBuffers
    const stated = { offset: 0, length: bomb.length, size: 10, objects: [{ digest: digestOf('0123456789'), size: 10 }] }
    expect(() => openFrame(stated, bomb)).toThrow(coded('PACK_CORRUPT'))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
  })

  it('refuses objects in another order and sizes that do not add up', () => {
    const [first, second] = frame.objects
    if (!first || !second) throw new Error('the fixture has two objects')
    for (const objects of [[second, first], [first], [first, { ...second, size: second.size + 1 }]])
      expect(() => openFrame({ ...frame, objects }, compressed)).toThrow(coded('PACK_CORRUPT'))
  })
})

describe('parsePackIndex', () => {
  it('refuses an index that does not describe one gapless pack', async () => {
    const ref = await writePack(store, [store.put(randomBytes(2_000_000)), store.put(Buffer.from('small'))], store)
    const good = JSON.parse(readFileSync(store.pathOf(ref.index), 'utf8'))
    const parse = (value: unknown) => () => parsePackIndex(Buffer.from(JSON.stringify(value)))
    expect(parse(good)().frames.length).toBe(2)
    const [first, second] = good.frames
    for (const bad of [
      null,
      [],
      { ...good, schema: 'holotype.pack/2' },
      { ...good, pack: 'sha256:zz' },
      { ...good, size: good.size + 1 },
      { ...good, frames: [second, first] },
      { ...good, frames: [{ ...first, objects: [] }, second] },
      { ...good, frames: [{ ...first, size: 2 ** 40 }, second] },
      { ...good, frames: [{ ...first, size: first.size - 1 }, second] },
      { ...good, frames: [{ ...first, length: -1 }, second] },
      { ...good, frames: [first, { ...second, objects: [{ digest: 7, size: 5 }] }] },
    ])
      expect(parse(bad)).toThrow(coded('PACK_CORRUPT'))
    expect(() => parsePackIndex(Buffer.from('{'))).toThrow(coded('PACK_CORRUPT'))
  })
})
