import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Progress } from '@holotype/base'
import type { HealthChecks } from '@holotype/image'
import type { ChannelTarget } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { release } from '../held.ts'
import { LOOK_MS } from '../limits.ts'
import { previewRun } from '../preview.ts'
import { rollBack } from '../rollback/rollback.ts'
import { readStatus } from '../status.ts'
import { EVERY_KIND, everyKind } from '../testing/every-kind.ts'
import { judge } from '../testing/interrupted.ts'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { makeTwoRoots, type TwoRootsWorld } from '../testing/two-roots.ts'
import { isRoot, makeWorld, type Sketch } from '../testing/world.ts'
import { verifyRoot } from '../verify.ts'

let node: TwoRootsWorld
beforeEach(async () => {
  node = await makeTwoRoots()
})
afterEach(() => node[Symbol.asyncDispose]())

const big = (seed: number) => Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * at * seed) >> 7))
const SAME: Sketch = { 'usr/a': big(3), 'usr/b': big(5), 'usr/c': big(7), 'usr/d': ['c'] }

function isAt(directory: string, target: ChannelTarget): void {
  expect(describeRoot(directory)).toEqual(describeImage(node.world.store, target.image))
}

/** A node that runs an image in `a`. */
async function running(target: ChannelTarget): Promise<void> {
  await node.world.publish(1, target)
  await node.world.run()
  node.boot()
}

const flags = () => node.world.server.checkins.at(-1)?.flags
const back = (reason = '') =>
  rollBack({ state: node.world.state, reason, now: () => node.world.clock.now, newId: () => `back-${Math.random()}` })

test('the root that runs is looked at an hour after the last look', async () => {
  const { world } = node
  await running(await world.image(SAME))
  expect((await world.run()).outcome).toBe('unchanged')
  writeFileSync(join(node.a, 'usr/b'), 'drifted')
  world.clock.now += LOOK_MS
  expect((await world.run()).report?.repaired).toEqual(['/usr/b'])
  expect((await world.run()).outcome).toBe('unchanged')
})

test('a life: the first root, the other one by the running one’s bytes, a reboot, the first one again', async () => {
  const { world } = node
  const one = await world.image({ ...SAME, 'etc/release': '1' })
  const two = await world.image({ ...SAME, 'etc/release': '2', 'usr/new': 'new' })
  const three = await world.image({ ...SAME, 'etc/release': '3' })
  await world.publish(1, one)
  expect(await world.run({ throttled: true })).toMatchObject({ outcome: 'prepared', rebootPending: false })
  expect(node.next()).toBe(node.a)
  expect(readlinkSync(node.current)).toBe('a')
  isAt(node.a, one)
  node.boot()
  expect(await world.run()).toMatchObject({ outcome: 'unchanged', image: one.image })
  expect(flags()).toEqual([])

  // Bit rot in the running root does not reach the other.
  writeFileSync(join(node.a, 'usr/b'), 'rotten')
  const before = judge(node.a, /^$/)
  const sent = world.mirror.sent
  await world.publish(2, two)
  const preview = await previewRun({ state: world.state, now: () => world.clock.now })
  expect(preview).toMatchObject({ from: one.image, to: two.image, drift: [] })
  const outcome = await world.run()
  expect(outcome).toMatchObject({ outcome: 'prepared', image: one.image, rebootPending: true })
  expect(outcome.report).toMatchObject({ outcome: 'converged', from: one.image, to: two.image, statement: 2 })
  expect(flags()).toEqual(['reboot-pending'])
  expect(world.server.checkins.at(-1)?.image).toBe(one.image)
  isAt(node.b, two)
  expect(judge(node.a, /^$/)).toEqual(before)
  // Only what is new, what was rotten, and the metadata.
  expect(world.mirror.sent - sent).toBeLessThan(300_000)
  expect(node.next()).toBe(node.b)

  // Until it is rebooted there is nothing to do.
  const asked = world.mirror.asked.length
  expect(await world.run()).toMatchObject({ outcome: 'unchanged', rebootPending: true })
  expect(world.mirror.asked.slice(asked).filter((path) => path.includes('objects'))).toEqual([])
  node.boot()
  expect(await world.run()).toMatchObject({ outcome: 'unchanged', image: two.image, rebootPending: false })
  expect(flags()).toEqual([])
  expect((await verifyRoot({ state: world.state, now: () => world.clock.now })).differences).toEqual([])

  // What runs is kept at its image where it is.
  writeFileSync(join(node.b, 'etc/release'), 'by hand')
  expect(await world.run({ verify: true })).toMatchObject({
    outcome: 'converged',
    report: { repaired: ['/etc/release'] },
  })
  isAt(node.b, two)
  expect(node.next()).toBe(node.b)

  await world.publish(3, three)
  expect(await world.run()).toMatchObject({ outcome: 'prepared' })
  isAt(node.a, three)
  isAt(node.b, two)
  expect(readStatus(world.state).roots).toEqual([
    { directory: node.b, image: two.image, runs: true, startsNext: false },
    { directory: node.a, image: three.image, runs: false, startsNext: true },
  ])
  // Nothing is kept of what neither root is at.
  const kept = (root: string) => existsSync(join(world.state, root, 'kept', one.image.slice('sha256:'.length)))
  expect([kept('root-a'), kept('root-b')]).toEqual([false, false])
})

test('a prepared root is written to only when it does not start next', async () => {
  const { world } = node
  const [one, two, three] = [
    await world.image({ a: '1' }),
    await world.image({ a: '2' }),
    await world.image({ a: '3' }),
  ]
  await running(one)
  await world.publish(2, two)
  await world.run()
  expect(node.next()).toBe(node.b)
  // An image that cannot be had: the link leads to what runs again, as the other root is no more what it was to be.
  const lost = { image: three.image, packs: [] }
  await world.publish(3, lost)
  expect(await world.run()).toMatchObject({ outcome: 'failed', rebootPending: false })
  expect(node.next()).toBe(node.a)
  await world.publish(4, three)
  expect(await world.run()).toMatchObject({ outcome: 'prepared' })
  isAt(node.b, three)
  // The channel wants what runs after all.
  await world.publish(5, one)
  expect(await world.run()).toMatchObject({ outcome: 'converged', image: one.image, rebootPending: false })
  expect(node.next()).toBe(node.a)
})

test('damage of a root that does not run is found and mended when it is prepared', async () => {
  const { world } = node
  const [one, two] = [await world.image({ ...SAME, r: '1' }), await world.image({ ...SAME, r: '2' })]
  await running(one)
  await world.publish(2, two)
  await world.run()
  rmSync(join(node.b, 'usr/a'))
  writeFileSync(join(node.b, 'more'), '')
  expect(await world.run({ verify: true })).toMatchObject({
    outcome: 'prepared',
    report: { changed: { written: 1, removed: 1 } },
  })
  isAt(node.b, two)
})

test('a root that is not mounted is not written to within the one that runs', async () => {
  const { world } = node
  const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' })]
  await running(one)
  await world.publish(2, two)
  // The mount point of the other root.
  const config = join(world.state, 'config.json')
  const inside = join(node.a, 'roots/b')
  mkdirSync(inside, { recursive: true })
  writeFileSync(config, readFileSync(config, 'utf8').replace(JSON.stringify(node.b), JSON.stringify(inside)))
  expect(await world.run()).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_ROOTS' } })
  rmSync(inside, { recursive: true })
  expect(await world.run()).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_ROOTS' } })
  expect(node.next()).toBe(node.a)
  // And a rescue of something else is none.
  await expect(world.run({ root: world.directory, atRest: true })).rejects.toMatchObject({ code: 'AGENT_ROOTS' })
})

test('a rescue mends the root that is named, with what starts next as it is', async () => {
  const { world } = node
  const one = await world.image({ ...SAME, r: '1' })
  await running(one)
  rmSync(join(node.a, 'usr'), { recursive: true })
  expect(await world.run({ root: node.a, atRest: true, rehash: true })).toMatchObject({ outcome: 'converged' })
  isAt(node.a, one)
  expect(node.next()).toBe(node.a)
})

test.skipIf(!isRoot)('every kind of file comes into the other root as into the first (needs root)', async () => {
  const { world } = node
  const one = await world.image(everyKind(world.store, 0), EVERY_KIND)
  const two = await world.image(everyKind(world.store, 1), EVERY_KIND)
  await running(one)
  await world.publish(2, two)
  expect((await world.run()).error).toBeUndefined()
  const notOurs = /^\.\/(etc|keep|etc\/machine-id) |^\.\/keep\//
  await using plain = await makeWorld()
  const same = await plain.image(everyKind(plain.store, 1), EVERY_KIND)
  await plain.publish(1, same)
  await plain.enrol()
  await plain.run()
  expect(judge(node.b, notOurs)).toEqual(judge(plain.root, notOurs))
})

describe('health after the reboot', () => {
  const checked = (path: string): { readonly health: HealthChecks } => ({
    health: {
      units: [],
      ports: [],
      commands: [],
      http: [{ url: `${node.world.mirror.url}${path}`, status: 200, timeout: 5 }],
      grace: 0,
    },
  })
  const run = () => node.world.run({ roundMs: 5 })
  const say = (path: string) => writeFileSync(join(node.world.site, path), 'well')

  test('is checked once; nothing is checked before it', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' }, checked('well'))]
    await running(one)
    await world.publish(2, two)
    const checks = () => world.mirror.asked.filter((path) => path === '/well').length
    await run()
    await run()
    expect(checks()).toBe(0)
    node.boot()
    say('well')
    expect(await run()).toMatchObject({ outcome: 'unchanged', image: two.image })
    expect(checks()).toBe(2)
    await run()
    expect(checks()).toBe(2)
  })

  test('fails: the root before starts next, without network; a newer statement is obeyed after the reboot', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' }, checked('ill'))]
    await running(one)
    await world.publish(2, two)
    await run()
    node.boot()
    // The image is what keeps the site away.
    world.mirror.lie = () => 'error'
    expect(await run()).toMatchObject({ outcome: 'rolled-back', error: { code: 'AGENT_HEALTH_FAILED' } })
    world.mirror.lie = () => undefined
    expect(node.next()).toBe(node.a)
    expect(flags()).toEqual(['rolled-back', 'reboot-pending'])
    expect(world.server.reports.at(-1)).toMatchObject({ outcome: 'failed', to: two.image, from: one.image })
    expect(await run()).toMatchObject({ outcome: 'unchanged', rebootPending: true })
    const reports = world.server.reports.length

    // The way back is not written to while the ill root runs.
    const three = await world.image({ a: '3' })
    await world.publish(3, three)
    expect(await run()).toMatchObject({ outcome: 'rolled-back', rebootPending: true })
    isAt(node.a, one)
    await world.publish(4, two)
    node.boot()
    expect(await run()).toMatchObject({ outcome: 'prepared', image: one.image })
    expect(world.server.reports.length).toBe(reports + 2)
    node.boot()
    say('ill')
    expect(await run()).toMatchObject({ outcome: 'unchanged', image: two.image, rebootPending: false })
    expect(flags()).toEqual([])
  })

  test('after it went back the node stays, until there is a newer statement or a release', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' }, checked('ill'))]
    await running(one)
    await world.publish(2, two)
    await run()
    node.boot()
    await run()
    node.boot()
    expect(await run()).toMatchObject({ outcome: 'unchanged', image: one.image, rebootPending: false })
    expect(flags()).toEqual(['rolled-back'])
    release(world.state)
    expect(await run()).toMatchObject({ outcome: 'prepared' })
    expect(node.next()).toBe(node.b)
  })

  test('cannot fail where there is no way back: the run goes on to what the channel wants next', async () => {
    const { world } = node
    const [two, three] = [await world.image({ a: '2' }, checked('ill')), await world.image({ a: '3' })]
    await running(await world.image({ a: '1' }))
    await world.publish(2, two)
    await run()
    node.boot()
    rmSync(join(world.state, 'root-a'), { recursive: true })
    expect(await run()).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_HEALTH_FAILED' } })
    expect(node.next()).toBe(node.b)
    await world.publish(3, three)
    expect(await run()).toMatchObject({ outcome: 'prepared' })
    isAt(node.a, three)
  })

  test('a machine that came up in the old root has given the new one up', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' })]
    await running(one)
    await world.publish(2, two)
    await run()
    const path = join(world.state, 'switch.json')
    // What the kernel says of another start.
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"another"'))
    expect(await run()).toMatchObject({ outcome: 'rolled-back', error: { code: 'AGENT_ROOT_NOT_STARTED' } })
    expect(node.next()).toBe(node.a)
    expect(flags()).toEqual(['rolled-back'])
    expect(await run()).toMatchObject({ outcome: 'unchanged', rebootPending: false })
    await world.publish(3, two)
    expect(await run()).toMatchObject({ outcome: 'prepared' })
  })
})

describe('rollback', () => {
  test('makes the root before start next and holds; no file is read of a network', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' })]
    await running(one)
    await expect(back()).rejects.toMatchObject({ code: 'AGENT_NO_PREVIOUS' })
    await world.publish(2, two)
    await world.run()
    node.boot()
    await world.run()
    const asked = world.mirror.asked.length
    expect(await back('it swaps')).toMatchObject({ from: two.image, image: one.image, rebootPending: true })
    expect(world.mirror.asked.length).toBe(asked)
    expect(node.next()).toBe(node.a)
    expect(await world.run()).toMatchObject({ outcome: 'held', rebootPending: true })
    expect(flags()).toEqual(['held', 'rolled-back', 'reboot-pending'])
    node.boot()
    expect(await world.run()).toMatchObject({ outcome: 'held', image: one.image, rebootPending: false })
    await expect(back()).rejects.toMatchObject({ code: 'AGENT_NO_PREVIOUS' })
    release(world.state)
    expect(await world.run()).toMatchObject({ outcome: 'prepared', report: { changed: { written: 0 } } })
    expect(node.next()).toBe(node.b)
  })

  test('of a root that has not started yet leaves what runs', async () => {
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' })]
    await running(one)
    await world.publish(2, two)
    await world.run()
    expect(await back()).toMatchObject({ from: two.image, image: one.image, rebootPending: false })
    expect(node.next()).toBe(node.a)
    expect(await world.run()).toMatchObject({ outcome: 'held', rebootPending: false })
  })
})

describe('the activation command', () => {
  /** A boot loader: what its file says starts, whatever the link says. */
  async function withLoader(): Promise<{ log: string; fails: string }> {
    await node[Symbol.asyncDispose]()
    const activate = (directory: string) => {
      const [program, log, fails] = [join(directory, 'activate'), join(directory, 'told'), join(directory, 'fails')]
      writeFileSync(
        program,
        `#!/bin/sh\nif [ -e ${fails} ]; then echo no room in the loader >&2; exit 3; fi\necho "$1" >>${log}\n`,
      )
      chmodSync(program, 0o755)
      return program
    }
    node = await makeTwoRoots({ activate })
    const at = (name: string) => join(node.world.directory, name)
    return { log: at('told'), fails: at('fails') }
  }
  const told = (log: string) => readFileSync(log, 'utf8').trim().split('\n')

  test('is told the root, before the link changes; when it fails nothing is switched, and the next run tells it again', async () => {
    const { log, fails } = await withLoader()
    const { world } = node
    const [one, two] = [await world.image({ a: '1' }), await world.image({ a: '2' })]
    await running(one)
    expect(told(log)).toEqual([node.a])
    await world.publish(2, two)
    writeFileSync(fails, '')
    const outcome = await world.run()
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_ACTIVATE_FAILED' } })
    expect(outcome.error?.message).toContain('no room in the loader')
    expect(node.next()).toBe(node.a)
    // The loader may lead to either: the other root is not written before it leads to what runs.
    await world.publish(3, await world.image({ a: '3' }))
    const untouched = judge(node.b, /^$/)
    expect(await world.run()).toMatchObject({ outcome: 'failed' })
    expect(judge(node.b, /^$/)).toEqual(untouched)
    rmSync(fails)
    expect(await world.run()).toMatchObject({ outcome: 'prepared' })
    expect(told(log).slice(1)).toEqual([node.a, node.b])
    expect(node.next()).toBe(node.b)
    await world.run()
    expect(told(log).length).toBe(3)
  })
})

describe('what is excluded', () => {
  test('single files and links among the image’s paths go along; what is in excluded directories does not', async () => {
    const { world } = node
    const exclusions = ['/etc/machine-id', '/etc/ssh/ssh_host_*', '/home/**', '/etc/hostname', '/etc/dropped']
    const sketch = { 'etc/machine-id': '', 'etc/ssh/config': 'c', 'etc/dropped': 'of the image', home: null }
    const one = await world.image({ ...sketch, r: '1' }, { exclusions })
    const two = await world.image({ ...sketch, r: '2' }, { exclusions })
    await running(one)
    const put = (path: string, text: string, mode = 0o644) => {
      writeFileSync(join(node.a, path), text)
      chmodSync(join(node.a, path), mode)
    }
    put('etc/machine-id', '0123', 0o444)
    put('etc/ssh/ssh_host_key', 'secret', 0o600)
    put('etc/ssh/ssh_host_large', 'x'.repeat(1024 * 1024 + 1))
    put('home/data', 'much')
    rmSync(join(node.a, 'etc/dropped'))
    await world.publish(2, two)
    const notes: string[] = []
    const progress: Progress = (event) => {
      if (event.kind === 'end' && event.note !== undefined) notes.push(event.note)
    }
    expect((await world.run({ progress })).error).toBeUndefined()
    const read = (path: string) => readFileSync(join(node.b, path), 'utf8')
    expect([read('etc/machine-id'), read('etc/ssh/ssh_host_key')]).toEqual(['0123', 'secret'])
    expect(lstatSync(join(node.b, 'etc/ssh/ssh_host_key')).mode & 0o777).toBe(0o600)
    expect(existsSync(join(node.b, 'home/data'))).toBe(false)
    expect(existsSync(join(node.b, 'etc/ssh/ssh_host_large'))).toBe(false)
    expect(notes.join()).toContain('/etc/ssh/ssh_host_large')
    // The image's own, as on a new node.
    expect(read('etc/dropped')).toBe('of the image')

    // What an operator keeps goes along too.
    writeFileSync(join(world.state, 'overrides'), 'keep /r measuring\n')
    put('r', 'by hand')
    expect((await world.run()).outcome).toBe('prepared')
    expect(read('r')).toBe('by hand')
    rmSync(join(world.state, 'overrides'))
    expect((await world.run()).outcome).toBe('prepared')
    expect(read('r')).toBe('2')

    // What the node lost meanwhile is lost in both.
    node.boot()
    rmSync(join(node.b, 'etc/ssh/ssh_host_key'))
    writeFileSync(join(node.b, 'etc/hostname'), 'web1')
    await world.publish(3, one)
    expect((await world.run()).outcome).toBe('prepared')
    expect(existsSync(join(node.a, 'etc/ssh/ssh_host_key'))).toBe(false)
    expect(readFileSync(join(node.a, 'etc/hostname'), 'utf8')).toBe('web1')
  })
})

describe('enrolment is refused when', () => {
  test.each([
    ['the state lies in a root', 'state/..', 'b', 'current'],
    ['a root lies in the other', 'x', 'x/b', 'current'],
    ['both are one', 'x', 'x', 'current'],
    ['the link lies in a root', 'x', 'b', 'x/current'],
  ])('%s', async (_, a, b, current) => {
    await using world = await makeWorld()
    mkdirSync(join(world.directory, 'x'))
    const at = (name: string) => join(world.directory, name)
    await expect(
      world.enrol(undefined, { roots: { directories: [at(a), at(b)], current: at(current) } }),
    ).rejects.toMatchObject({ code: 'AGENT_ROOTS' })
    expect(world.server.secrets.size).toBe(1)
  })
})
