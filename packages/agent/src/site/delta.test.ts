import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { hexOf, run } from '@holotype/base'
import { writeDelta } from '@holotype/store'
import type { ChannelTarget, DeltaRef } from '@holotype/trust'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { type ImageOptions, makeWorld, type Sketch, type World } from '../testing/world.ts'
import { parseManifest } from '../tree/manifest.ts'
import { objectPath } from './site.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
  await world.enrol()
})
afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

const OLD = randomBytes(300_000)
const BEFORE = { 'usr/bin/tool': OLD, 'etc/a': 'one\n'.repeat(50), same: 'same' }
const AFTER = {
  'usr/bin/tool': Buffer.concat([Buffer.from('a fix'), OLD]),
  'etc/a': `${'one\n'.repeat(50)}two`,
  'etc/new': '',
  same: 'same',
}

/** A file so large that a delta cuts it into pieces. */
const HUGE = randomBytes(7_000_000)
const WITH_HUGE = [
  { ...BEFORE, 'usr/lib/huge.so.1': HUGE },
  {
    ...AFTER,
    'usr/lib/huge.so.2': Buffer.concat([HUGE.subarray(0, 5_000_000), Buffer.from('!'), HUGE.subarray(5_000_000)]),
  },
] as const

const rootOf = (target: ChannelTarget) => parseManifest(world.store.read(target.image)).root.tree

interface Moved {
  readonly from: ChannelTarget
  readonly to: ChannelTarget
  readonly delta: DeltaRef
}

/** A node at the first image, and the second with a delta from there published. */
async function moved(
  options: ImageOptions = {},
  [before, after]: readonly [Sketch, Sketch] = [BEFORE, AFTER],
): Promise<Moved> {
  const [from, to] = [await world.image(before, options), await world.image(after, options)]
  await world.publish(1, from)
  expect((await world.run()).outcome).toBe('converged')
  const { index, indexSize, pack, size } = await writeDelta({
    store: world.store,
    from: rootOf(from),
    to: rootOf(to),
    target: world.store,
  })
  const delta = { from: from.image, index, indexSize, pack, size }
  await world.publish(2, { ...to, delta })
  world.mirror.asked.length = 0
  return { from, to, delta }
}

async function converges({ to }: Pick<Moved, 'to'>) {
  const outcome = await world.run()
  expect(outcome.error).toBeUndefined()
  expect(describeRoot(world.root)).toEqual(describeImage(world.store, to.image))
  return outcome
}

const askedFor = (...digests: readonly `sha256:${string}`[]) =>
  world.mirror.asked.filter((line) => digests.some((digest) => line.includes(hexOf(digest).slice(2))))
const packsOf = ({ packs }: ChannelTarget) => packs.flatMap(({ index, pack }) => [index, pack])

test('a node at the image before fetches the delta and nothing else: one index, one request for the frames', async () => {
  const { to, delta } = await moved({}, WITH_HUGE)
  const { report } = await converges({ to })
  expect(askedFor(delta.index)).toHaveLength(1)
  expect(askedFor(delta.pack)).toEqual([`/${objectPath(delta.pack)} bytes=0-${delta.size - 1}`])
  expect(askedFor(...packsOf(to))).toEqual([])
  // The files are 7.3 MB; the rest is trust metadata, statement and manifest.
  expect(report?.bytesFetched).toBeLessThan(20_000)
})

test('an old file that somebody changed: what came from it comes from the packs, the rest from the delta', async () => {
  const made = await moved()
  writeFileSync(join(world.root, 'usr/bin/tool'), randomBytes(OLD.length))
  const { report } = await converges(made)
  expect(report?.repaired).toEqual(['/usr/bin/tool'])
  expect(report?.bytesFetched).toBeGreaterThan(OLD.length)
  expect(askedFor(made.delta.pack)).toHaveLength(1)
})

test('an old file of which one stretch changed: the pieces before and after do not make the new one', async () => {
  const made = await moved({}, WITH_HUGE)
  const damaged = Buffer.from(HUGE)
  damaged.fill(0, 4_500_000, 4_600_000)
  writeFileSync(join(world.root, 'usr/lib/huge.so.1'), damaged)
  await converges(made)
  expect(askedFor(...packsOf(made.to))).not.toEqual([])
})

test('an old file that is gone', async () => {
  const made = await moved({}, WITH_HUGE)
  rmSync(join(world.root, 'usr/lib/huge.so.1'))
  await converges(made)
})

/** A changelog as Debian compresses it, before and after. */
const LINES = Array.from({ length: 2000 }, () => randomBytes(30).toString('hex')).join('\n')
const gzip = async (text: string) => (await run(['gzip', '-9n'], { input: text })).stdout

test('what is inside of a gzip file that changed is all that is fetched of it', async () => {
  const [before, after] = [await gzip(LINES), await gzip(`a fix\n${LINES}`)]
  const made = await moved({}, [
    { ...BEFORE, 'doc/changelog.gz': before },
    { ...AFTER, 'doc/changelog.gz': after },
  ])
  const { report } = await converges(made)
  expect(readFileSync(join(world.root, 'doc/changelog.gz'))).toEqual(after)
  expect(askedFor(...packsOf(made.to))).toEqual([])
  expect(report?.bytesFetched).toBeLessThan(20_000)
})

test('gzip files of many frames are made while the frames after them are read, and all are there at the end', async () => {
  const books = Array.from({ length: 8 }, () => randomBytes(400_000).toString('hex'))
  const named = async (contents: readonly string[]) =>
    Object.fromEntries(await Promise.all(contents.map(async (text, at) => [`doc/${at}.gz`, await gzip(text)] as const)))
  const { to } = await moved({}, [
    await named(books),
    await named(books.map((text, at) => `${at} was mended\n${text}`)),
  ])
  const { report } = await world.run()
  expect(report).toMatchObject({ outcome: 'converged', changed: { written: 8 } })
  for (const [at, text] of books.entries())
    expect(gunzipSync(readFileSync(join(world.root, `doc/${at}.gz`))).toString()).toBe(`${at} was mended\n${text}`)
  expect(askedFor(...packsOf(to))).toEqual([])
})

test.each([
  ['is no gzip file any more', () => randomBytes(1000)],
  ['holds too much', () => gzipSync(Buffer.alloc(5 * 1024 * 1024))],
  ['holds something else', () => gzipSync(LINES.replaceAll('a', 'b'))],
])('an old gzip file that %s', async (_what, bytes) => {
  const made = await moved({}, [
    { ...BEFORE, 'doc/changelog.gz': await gzip(LINES) },
    { ...AFTER, 'doc/changelog.gz': await gzip(`a fix\n${LINES}`) },
  ])
  writeFileSync(join(world.root, 'doc/changelog.gz'), bytes())
  await converges(made)
  expect(askedFor(...packsOf(made.to))).not.toEqual([])
})

test('a node that is elsewhere takes the packs', async () => {
  const made = await moved()
  await world.publish(3, { ...made.to, delta: { ...made.delta, from: made.to.image } })
  world.mirror.asked.length = 0
  await converges(made)
  expect(askedFor(made.delta.index, made.delta.pack)).toEqual([])
})

test.each(['index', 'pack'] as const)('a delta whose %s every mirror has lost', async (part) => {
  const made = await moved()
  rmSync(join(world.site, objectPath(made.delta[part])))
  await converges(made)
  expect(askedFor(...packsOf(made.to))).not.toEqual([])
})

test.each(['index', 'pack'] as const)('a mirror that changes the %s', async (part) => {
  const made = await moved()
  const path = `/${objectPath(made.delta[part])}`
  world.mirror.lie = (asked) => (asked === path ? 'tamper' : undefined)
  await converges(made)
})

test('a body that breaks off goes on where it broke off, and a server without ranges is put up with', async () => {
  const noise = { 'opt/noise': randomBytes(300_000), 'opt/more': randomBytes(300_000) }
  const made = await moved({}, [BEFORE, { ...AFTER, ...noise }])
  const path = `/${objectPath(made.delta.pack)}`
  world.mirror.lie = (asked, count) =>
    asked !== path || count > 3 ? undefined : count === 2 ? 'no-ranges' : 'truncate'
  await converges(made)
  expect(askedFor(made.delta.pack).length).toBeGreaterThan(1)
  expect(askedFor(...packsOf(made.to))).toEqual([])
})

test('what an exclusion covers is not read for it either', async () => {
  const exclusions = ['/secret', '/secret/**']
  const made = await moved({ exclusions }, [
    { 'secret/tool': OLD },
    { tool: Buffer.concat([OLD, Buffer.from('x')]), 'secret/tool': OLD },
  ])
  expect((await world.run()).outcome).toBe('converged')
  expect(readFileSync(join(world.root, 'tool'))).toEqual(Buffer.concat([OLD, Buffer.from('x')]))
  // Read, it would have made the new file from it; not read, the packs had to bring it.
  expect(askedFor(...packsOf(made.to))).not.toEqual([])
})

test('a run that was interrupted after the first files uses the delta for the others', async () => {
  const made = await moved()
  // As a run leaves it that was killed in the middle of applying.
  writeFileSync(join(world.root, 'usr/bin/tool'), AFTER['usr/bin/tool'])
  writeFileSync(
    join(world.state, 'journal.json'),
    JSON.stringify({ from: made.from.image, to: made.to.image, before: [], after: [] }),
  )
  await converges(made)
  expect(askedFor(...packsOf(made.to))).toEqual([])
})
