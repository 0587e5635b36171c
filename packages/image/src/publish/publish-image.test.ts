import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, silent } from '@holotype/base'
import { openFrame, openStore, objectsOf, parsePackIndex, type Store } from '@holotype/store'
import type { PackRef } from '@holotype/trust'
import { beforeEach, expect, test } from 'vitest'
import { storeImage } from '../diff/testing/synthetic-image.ts'
import { PACKS_PER_IMAGE } from '../limits.ts'
import { readManifest } from '../manifest.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { publishImage } from './publish-image.ts'

const base = temporaryDirectory()
const store = openStore(join(base, 'store'))
let sites = 0
let site: Store

beforeEach(() => {
  site = openStore(join(base, `site-${++sites}`))
})

const SHARED = { 'usr/a': 'a'.repeat(5000), 'usr/b': 'b'.repeat(5000) }
const image = (files: Record<string, string>) =>
  storeImage(store, { packages: [{ name: 'one', version: '1', files: { ...SHARED, ...files } }] })
const publish = (of: Digest, onto: readonly PackRef[] = []) =>
  publishImage({ store, site, image: of, onto, progress: silent })
const held = (packs: readonly PackRef[]) =>
  packs.map(({ index }) =>
    parsePackIndex(site.read(index)).frames.flatMap(({ objects }) => objects.map(({ digest }) => digest)),
  )

/** Every object of the image, from the site's packs alone. */
function whole(of: Digest, packs: readonly PackRef[]): boolean {
  const fetched = new Set<Digest>()
  for (const { index, pack } of packs) {
    const bytes = site.read(pack)
    for (const frame of parsePackIndex(site.read(index)).frames) {
      for (const { digest } of openFrame(frame, bytes.subarray(frame.offset, frame.offset + frame.length)))
        fetched.add(digest)
    }
  }
  const { root } = readManifest(site, of)
  return [...objectsOf(store, root.tree)].every((digest) => fetched.has(digest))
}

test('the first holds everything, and what the manifest names lies beside it', async () => {
  const first = image({ 'etc/x': 'x' })
  const target = await publish(first)
  expect(target.image).toBe(first)
  expect(target.packs).toHaveLength(1)
  expect(whole(first, target.packs)).toBe(true)
  const { lock, spec, packages, owners } = readManifest(site, first)
  expect([lock, spec, packages, owners].filter((digest) => !site.has(digest))).toEqual([])
})

test('the second packs what is new alone; a third that is the first again packs nothing', async () => {
  const [first, second] = [image({ 'etc/x': 'x' }), image({ 'etc/x': 'y' })]
  const one = await publish(first)
  const two = await publish(second, one.packs)
  expect(two.packs.slice(0, 1)).toEqual(one.packs)
  expect(two.packs).toHaveLength(2)
  const [old = [], added = []] = held(two.packs)
  // The root, etc and etc/x: what did not change is not packed twice.
  expect(added).toHaveLength(3)
  expect(added.filter((digest) => old.includes(digest))).toEqual([])
  expect(whole(second, two.packs)).toBe(true)
  expect(await publish(first, two.packs)).toEqual(one)
})

test('repeated, after an interruption too, it ends in the same', async () => {
  const of = image({ 'etc/x': 'interrupted' })
  const target = await publish(of)
  const [pack] = target.packs
  if (!pack) throw new Error('no pack')
  expect(await publish(of)).toEqual(target)
  for (const lost of [pack.pack, pack.index, of]) {
    rmSync(site.pathOf(lost))
    expect(await publish(of)).toEqual(target)
    expect(whole(of, target.packs)).toBe(true)
  }
})

test('a pack that the site lost is not named', async () => {
  const first = await publish(image({ 'etc/x': 'x' }))
  for (const lost of [first.packs[0]?.pack, first.packs[0]?.index]) if (lost) rmSync(site.pathOf(lost))
  const second = image({ 'etc/x': 'y' })
  const target = await publish(second, first.packs)
  expect(target.packs).toHaveLength(1)
  expect(whole(second, target.packs)).toBe(true)
})

test('an image is spread over few packs: those that hold least of it give way', async () => {
  let packs: readonly PackRef[] = []
  const counts: number[] = []
  for (let round = 0; round <= PACKS_PER_IMAGE + 1; round++) {
    const files = Object.fromEntries(
      Array.from({ length: round + 1 }, (_, index) => [`d${index}/x`, `${index}`.repeat(3000 + index)]),
    )
    const of = image(files)
    const [first] = packs
    packs = (await publish(of, packs)).packs
    counts.push(packs.length)
    expect(whole(of, packs)).toBe(true)
    // The one that holds what is in every image stays.
    if (first) expect(packs[0]).toEqual(first)
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 8])
})

test('a pack of which little is needed any more is not named', async () => {
  const first = await publish(image({ 'srv/big': 'b'.repeat(100_000) }))
  const second = image({ 'srv/big': 'c'.repeat(100_000) })
  const target = await publish(second, first.packs)
  expect(target.packs).toHaveLength(1)
  expect(target.packs).not.toEqual(first.packs)
  expect(whole(second, target.packs)).toBe(true)
})

test('what another channel has on the site is not packed again', async () => {
  const common = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`lib/${index}`, `${index}`.repeat(4000)]))
  const web = await publish(image({ ...common, 'srv/web': 'web' }))
  const database = image({ ...common, 'srv/database': 'database' })
  const target = await publish(database, web.packs)
  expect(target.packs).toHaveLength(2)
  const [shared = [], own = []] = held(target.packs)
  expect(own.filter((digest) => shared.includes(digest))).toEqual([])
  // The root, srv and what is in it.
  expect(own).toHaveLength(3)
  expect(whole(database, target.packs)).toBe(true)
})

test('what leads from the image before is made too, and is all that is new', async () => {
  const [first, second] = [image({ 'etc/x': 'x'.repeat(3000) }), image({ 'etc/x': `${'x'.repeat(3000)}y` })]
  const one = await publish(first)
  expect(one.delta).toBeUndefined()
  const two = await publishImage({ store, site, image: second, onto: one.packs, from: first, progress: silent })
  if (!two.delta) throw new Error('no delta')
  expect(two.delta.from).toBe(first)
  expect(site.sizeOf(two.delta.pack)).toBe(two.delta.size)
  // 3,001 bytes against 3,000 of the same.
  expect(two.delta.size).toBeLessThan(100)
  expect(await publishImage({ store, site, image: second, onto: one.packs, from: first, progress: silent })).toEqual(
    two,
  )
  expect(whole(second, two.packs)).toBe(true)
})

test('an image before that the store has lost costs the delta alone', async () => {
  const [first, second] = [image({ 'etc/x': 'will be lost' }), image({ 'etc/x': 'stays' })]
  rmSync(store.pathOf(readManifest(store, first).root.tree))
  const target = await publishImage({ store, site, image: second, onto: [], from: first, progress: silent })
  expect(target.delta).toBeUndefined()
  expect(whole(second, target.packs)).toBe(true)
})

test('an object that the store lost ends it, and nothing names the image', async () => {
  const of = image({ 'etc/x': 'lost' })
  rmSync(store.pathOf(store.put(Buffer.from('lost'))))
  await expect(publish(of)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  expect(site.has(of)).toBe(false)
})
