import { readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silent } from '@holotype/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareOtherRoot, switchRoot } from './other-root.ts'
import { openMirrors } from './site/mirrors.ts'
import { openSite } from './site/site.ts'
import { EVERY_KIND, everyKind } from './testing/every-kind.ts'
import { judge } from './testing/interrupted.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { isRoot, makeWorld, type Sketch, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const NEVER = /^$/
const other = () => join(world.directory, 'other')
const prepare = (target: Awaited<ReturnType<World['image']>>) =>
  prepareOtherRoot({
    root: other(),
    state: join(world.directory, 'other-state'),
    running: { state: world.state, root: world.root },
    site: openSite({ mirrors: openMirrors([world.mirror.url]), idleMs: 500, retryMs: 5 }),
    target,
    progress: silent,
    now: Date.now,
  })

const big = (seed: number) => Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * at * seed) >> 7))

test('another root comes to the next image by the running root’s bytes, which stays as it is; a link leads to one or the other', async () => {
  const same: Sketch = { 'usr/a': big(3), 'usr/b': big(5), 'usr/c': big(7), 'usr/d': ['c'] }
  const first = await world.image({ ...same, 'etc/release': '1' })
  const next = await world.image({ ...same, 'etc/release': '2', 'usr/new': 'new' })
  await world.publish(1, first)
  await world.enrol()
  await world.run()
  // Bit rot in the running root does not reach the other.
  writeFileSync(join(world.root, 'usr/b'), 'rotten')
  const before = judge(world.root, NEVER)
  const sent = world.mirror.sent
  await prepare(next)
  expect(describeRoot(other())).toEqual(describeImage(world.store, next.image))
  expect(judge(world.root, NEVER)).toEqual(before)
  // Only what is new, what was rotten, and the metadata.
  expect(world.mirror.sent - sent).toBeLessThan(300_000)

  // Damage, and a second time: nothing but the damage is written.
  rmSync(join(other(), 'usr/new'))
  expect(await prepare(next)).toEqual({ written: 1, removed: 0 })
  expect(await prepare(next)).toEqual({ written: 0, removed: 0 })
  expect(describeRoot(other())).toEqual(describeImage(world.store, next.image))

  const link = join(world.directory, 'current')
  switchRoot(link, world.root)
  expect(readlinkSync(link)).toBe('root')
  switchRoot(link, other())
  expect(readlinkSync(link)).toBe('other')
  // The running root's own runs are not disturbed by it.
  expect((await world.run({ verify: true })).error).toBeUndefined()
  expect(describeRoot(world.root)).toEqual(describeImage(world.store, first.image))
})

test.skipIf(!isRoot)('every kind of file comes into the other root as into the first (needs root)', async () => {
  const first = await world.image(everyKind(world.store, 0), EVERY_KIND)
  const next = await world.image(everyKind(world.store, 1), EVERY_KIND)
  await world.publish(1, first)
  await world.enrol()
  await world.run()
  await prepare(next)
  // A first install lays out excluded paths too: the whole image.
  expect(describeRoot(other())).toEqual(describeImage(world.store, next.image))
  const prepared = judge(other(), /^\.\/(etc|keep|etc\/machine-id) /)
  await world.publish(2, next)
  await world.run()
  expect(judge(world.root, /^\.\/(etc|keep|etc\/machine-id) /)).toEqual(prepared)
})
