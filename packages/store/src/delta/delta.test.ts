import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Digest, digestOf, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTree } from '../build-tree.ts'
import { DELTA_FRAME_BYTES, DELTA_GROUP_BYTES, DELTA_THREADS_BYTES, DELTA_TREES_BYTES } from '../limits.ts'
import { openStore } from '../store.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import type { DeltaIndex, PathInput, Piece, WrittenDelta } from '../types.ts'
import { objectsOf } from '../walk.ts'
import { encodeDeltaIndex, openDeltaIndex, treeDictionary } from './delta-index.ts'
import { gzipAgain } from './gzip.ts'
import { openDeltaFrame } from './open-delta-frame.ts'
import { resemblance } from './resemblance.ts'
import { writeDelta } from './write-delta.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
const site = openStore(join(directory, 'site'))
const METADATA = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }

type Sketch = Readonly<Record<string, string | Uint8Array>>

function treeOf(files: Sketch): Digest {
  const paths = new Map<string, PathInput>()
  for (const [path, content] of Object.entries(files)) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      paths.set(parent, { path: parent, entry: { ...METADATA, mode: 0o755, type: 'directory' } })
    }
    const bytes = Buffer.from(content)
    paths.set(path, { path, entry: { ...METADATA, type: 'file', digest: store.put(bytes), size: bytes.length } })
  }
  return buildTree(store, paths.values()).digest
}

const isTree = (digest: Digest) => store.read(digest).subarray(0, 12).toString() === '{"entries":['

function dictionaryOf(root: Digest): Buffer | undefined {
  return treeDictionary([...objectsOf(store, root)].filter(isTree).map((tree) => [tree, store.read(tree)]))
}

function opened(from: Digest, made: WrittenDelta) {
  return openDeltaIndex(site.read(made.index), dictionaryOf(from))
}

/** Every object that the delta brings, made from it and from the objects of the old tree alone. */
async function apply(from: Digest, made: WrittenDelta): Promise<Set<Digest>> {
  const old = new Set(objectsOf(store, from))
  const pack = site.read(made.pack)
  const { index, trees } = opened(from, made)
  const brought = new Set(trees.map((tree) => digestOf(tree)))
  const parts = new Map<Digest, Buffer[]>()
  const gzipped: { readonly digest: Digest; readonly bytes: Buffer }[] = []
  const read = ({ digest, offset, length, gzip }: Piece) => {
    if (!old.has(digest)) throw new Error('a base that the old tree lacks')
    const bytes = store.read(digest)
    return gzip ? gunzipSync(bytes) : bytes.subarray(offset, offset + length)
  }
  for (const frame of index.frames) {
    const compressed = pack.subarray(frame.offset, frame.offset + frame.length)
    const bytes = openDeltaFrame(frame, compressed, Buffer.concat(frame.bases.map(read)))
    for (const [at, { digest, gzip }] of frame.pieces.entries())
      if (gzip) gzipped.push({ digest, bytes: bytes[at] ?? Buffer.alloc(0) })
      else parts.set(digest, [...(parts.get(digest) ?? []), bytes[at] ?? Buffer.alloc(0)])
  }
  for (const [digest, pieces] of parts) {
    expect(digestOf(Buffer.concat(pieces))).toBe(digest)
    brought.add(digest)
  }
  const again = await gzipAgain(
    gzipped.map(({ bytes }) => bytes),
    directory,
  )
  for (const [at, { digest }] of gzipped.entries()) {
    expect(digestOf(again[at] ?? '')).toBe(digest)
    brought.add(digest)
  }
  return brought
}

/** What the new tree holds and the old one does not. */
function newIn(to: Digest, from: Digest): Set<Digest> {
  return new Set(objectsOf(store, to)).difference(new Set(objectsOf(store, from)))
}

describe('a delta', () => {
  it('brings exactly what is new, from what is old', async () => {
    const content = fc.oneof(fc.constantFrom('', 'a', 'ab'.repeat(40)), fc.string({ maxLength: 200 }))
    const path = fc.constantFrom('a', 'b1', 'b2', 'lib/x.so.1', 'lib/x.so.2', 'lib/d/e', 'doc/e')
    const sketch = fc.dictionary(path, content, { maxKeys: 6 })
    await fc.assert(
      fc.asyncProperty(sketch, sketch, async (before, after) => {
        const [from, to] = [treeOf(before), treeOf(after)]
        const made = await writeDelta({ store, from, to, target: site })
        expect(await apply(from, made)).toEqual(newIn(to, from))
      }),
      { numRuns: 60 },
    )
  })

  it('holds of a changed binary little more than what changed, also when its version moved into its name', async () => {
    const old = randomBytes(600_000)
    const next = Buffer.concat([old.subarray(0, 200_000), Buffer.from('a fix'), old.subarray(200_000)])
    const [from, to] = [treeOf({ 'lib/libx.so.1.2': old }), treeOf({ 'lib/libx.so.1.3': next })]
    const made = await writeDelta({ store, from, to, target: site })
    expect(made.patched).toBe(1)
    expect(made.size).toBeLessThan(1000)
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('cuts a large file into pieces whose memory is bounded, and still finds what moved', async () => {
    const old = randomBytes(20_000_000)
    const next = Buffer.concat([randomBytes(50_000), old])
    const [from, to] = [treeOf({ vmlinuz: old }), treeOf({ vmlinuz: next })]
    const made = await writeDelta({ store, from, to, target: site })
    expect(made.size).toBeLessThan(60_000)
    const { frames } = opened(from, made).index
    expect(frames).toHaveLength(5)
    for (const { bases, pieces } of frames)
      expect([...bases, ...pieces].reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(DELTA_FRAME_BYTES)
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('holds of a rebuilt program what differs, where that is shorter than what zstd finds', async () => {
    const old = randomBytes(300_000)
    const next = Buffer.from(old)
    for (let at = 0; at + 4 <= next.length; at += 32) next.writeUInt32LE((next.readUInt32LE(at) + 0x40) >>> 0, at)
    const [from, to] = [treeOf({ 'usr/bin/x': old }), treeOf({ 'usr/bin/x': next })]
    const made = await writeDelta({ store, from, to, target: site })
    expect(opened(from, made).index.frames).toMatchObject([{ coding: 'difference' }])
    expect(made.size).toBeLessThan(8000)
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('looks into gzip files that gzip makes again, and takes others as they are', async () => {
    const gzip = async (text: string) => (await run(['gzip', '-9n'], { input: text })).stdout
    const changes = Array.from({ length: 400 }, () => randomBytes(30).toString('hex')).join('\n')
    const before = { 'doc/x/changelog.gz': await gzip(changes), 'doc/y.gz': gzipSync(changes) }
    const after = { 'doc/x/changelog.gz': await gzip(`a fix\n${changes}`), 'doc/y.gz': gzipSync(`a fix\n${changes}`) }
    const [from, to] = [treeOf(before), treeOf(after)]
    const made = await writeDelta({ store, from, to, target: site })
    const pieces = opened(from, made).index.frames.flatMap((frame) => frame.pieces)
    expect(pieces.map(({ gzip: inside }) => inside)).toEqual([true, undefined])
    const alone = await writeDelta({ store, from: treeOf({}), to, target: site })
    // Of the one all is new, of the other nearly nothing.
    expect(made.size).toBeLessThan(alone.size * 0.55)
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('begins with what is inside of gzip files, of many in one frame: whoever applies it makes them beside the rest', async () => {
    const named = async (salt: string) => {
      const books = Array.from({ length: 6 }, async (_, at) => {
        const { stdout } = await run(['gzip', '-9n'], { input: `${salt}\n${`${at} of many\n`.repeat(20_000)}` })
        return [`usr/share/${at}.gz`, stdout] as const
      })
      return { 'etc/first': salt, ...Object.fromEntries(await Promise.all(books)), 'var/last': salt.repeat(2) }
    }
    const [from, to] = [treeOf(await named('a')), treeOf(await named('b'))]
    const made = await writeDelta({ store, from, to, target: site })
    const insides = opened(from, made).index.frames.map(({ pieces }) => pieces.map(({ gzip }) => gzip === true))
    expect(insides).toEqual([Array(6).fill(true), [false, false]])
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('is the same made in threads', async () => {
    const old = randomBytes(DELTA_THREADS_BYTES)
    const files = (salt: string) => ({ a: Buffer.concat([Buffer.from(salt), old]), b: `${salt}b`.repeat(70_000) })
    const [from, to] = [treeOf(files('1')), treeOf(files('2'))]
    const made = await writeDelta({ store, from, to, target: site })
    expect(made.raw).toBeGreaterThan(DELTA_THREADS_BYTES)
    expect(made.size).toBeLessThan(3000)
    expect(await apply(from, made)).toEqual(newIn(to, from))
  })

  it('lets what resembles nothing stand for itself, by measure', async () => {
    const [from, to] = [treeOf({ key: randomBytes(300_000) }), treeOf({ key: randomBytes(300_000) })]
    const made = await writeDelta({ store, from, to, target: site })
    expect(made.patched).toBe(0)
    expect(opened(from, made).index.frames[0]?.bases).toEqual([])
  })

  it('gathers small files, tells how far it is, and is the same twice', async () => {
    const many = (salt: string) =>
      Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`d/${at}`, `${at}${salt}`.repeat(300)]))
    const [from, to] = [treeOf(many('a')), treeOf(many('b'))]
    const told: number[][] = []
    const onBytes = (done: number, total: number) => void told.push([done, total])
    const made = await writeDelta({ store, from, to, target: site, onBytes })
    const { frames } = opened(from, made).index
    expect(frames.length).toBe(Math.ceil((made.raw * 2) / DELTA_GROUP_BYTES))
    expect(told.at(-1)).toEqual([made.raw, made.raw])
    expect(await writeDelta({ store, from, to, target: openStore(join(directory, 'again')) })).toEqual(made)
  })

  it('is what zstd itself decompresses with the old file as dictionary', async () => {
    // Lines so short that a difference does not find them elsewhere.
    const lines = Array.from({ length: 3000 }, () => `${randomBytes(6).toString('base64')}\n`)
    const old = Buffer.from(lines.join(''))
    const next = Buffer.from(lines.toSorted().join(''))
    const [from, to] = [treeOf({ x: old }), treeOf({ x: next })]
    const made = await writeDelta({ store, from, to, target: site })
    expect(opened(from, made).index.frames[0]).toMatchObject({ coding: 'dictionary', bases: [{ size: old.length }] })
    writeFileSync(join(directory, 'old'), old)
    writeFileSync(join(directory, 'frame.zst'), site.read(made.pack))
    const { stdout } = await run(['zstd', '-d', '-c', '-D', join(directory, 'old'), join(directory, 'frame.zst')])
    expect(digestOf(stdout)).toBe(digestOf(next))
  })

  it('has an index without a dictionary where the old trees are too large to be held', async () => {
    const tree = digestOf('a tree')
    expect(treeDictionary([[tree, Buffer.alloc(DELTA_TREES_BYTES)]])).toHaveLength(DELTA_TREES_BYTES)
    expect(treeDictionary([[tree, Buffer.alloc(DELTA_TREES_BYTES + 1)]])).toBeUndefined()
    const [from, to] = [treeOf({ a: 'x' }), treeOf({ a: 'y' })]
    const { index, trees } = opened(from, await writeDelta({ store, from, to, target: site }))
    expect(openDeltaIndex(encodeDeltaIndex({ index, trees }, undefined), undefined).index).toEqual(index)
  })

  it('refuses an index that is damaged, of another image, or that would take more memory than it may', async () => {
    const [from, to] = [treeOf({ a: 'x'.repeat(500) }), treeOf({ a: `${'x'.repeat(500)}y` })]
    const made = await writeDelta({ store, from, to, target: site })
    const [good, dictionary] = [opened(from, made), dictionaryOf(from)]
    const coded = expect.objectContaining({ code: 'DELTA_CORRUPT' })
    const bytes = site.read(made.index)
    expect(() => openDeltaIndex(bytes, dictionaryOf(treeOf({ b: 'other' })))).toThrow(coded)
    expect(() => openDeltaIndex(bytes.subarray(0, 40), dictionary)).toThrow(coded)
    const [frame] = good.index.frames
    if (!frame) throw new Error('no frame')
    const whole = { digest: digestOf('z'), size: 9, offset: 0, length: 9 }
    const bad: Partial<DeltaIndex>[] = [
      { frames: [{ ...frame, offset: 1 }] },
      { frames: [{ ...frame, length: frame.length + 1 }] },
      { size: made.size + 1 },
      { frames: [{ ...frame, pieces: [] }] },
      { frames: [{ ...frame, pieces: [{ ...whole, length: 8 }] }] },
      { frames: [{ ...frame, pieces: [{ ...whole, offset: 5, length: 4 }] }] },
      { frames: [{ ...frame, bases: [{ ...whole, size: DELTA_FRAME_BYTES, length: DELTA_FRAME_BYTES }] }] },
    ]
    for (const change of bad) {
      const encoded = encodeDeltaIndex({ ...good, index: { ...good.index, ...change } }, dictionary)
      expect(() => openDeltaIndex(encoded, dictionary), JSON.stringify(change)).toThrow(coded)
    }
    const wrong = site.read(made.pack)
    expect(() => openDeltaFrame({ ...frame, pieces: [whole] }, wrong, store.read(digestOf('x'.repeat(500))))).toThrow(
      coded,
    )
  })
})

describe('resemblance', () => {
  const file = (path: string, size: number, gone = true) => ({
    path,
    gone,
    entry: { type: 'file' as const, name: '', ...METADATA, digest: digestOf(path), size },
  })
  const { baseOf } = resemblance([
    file('usr/lib/libx.so.1.2.3', 100),
    file('usr/lib/libx.so.1.1.0', 90, false),
    file('lib/modules/6.1.0-40-amd64/fs/ext4.ko', 50),
    file('usr/share/doc/x/README', 10, false),
    file('etc/empty', 0),
  ])
  const found = (path: string, size = 100) => baseOf(path, size)?.digest

  it.each([
    ['usr/lib/libx.so.1.1.0', 'usr/lib/libx.so.1.1.0', 'its own path, also of a file that stayed'],
    ['usr/lib/libx.so.1.2.4', 'usr/lib/libx.so.1.2.3', 'another version, the one that is gone'],
    ['lib/modules/6.1.0-41-amd64/fs/ext4.ko', 'lib/modules/6.1.0-40-amd64/fs/ext4.ko', 'a version in its directory'],
    ['opt/x/README', 'usr/share/doc/x/README', 'the same name elsewhere'],
  ])('%s comes from %s: %s', (path, base) => expect(found(path)).toBe(digestOf(base)))

  it.each(['etc/empty', 'usr/bin/new'])('%s comes from nothing', (path) => expect(found(path)).toBeUndefined())
})
