import { createCipheriv } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { writeDelta } from '@holotype/store'
import type { ChannelTarget } from '@holotype/trust'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeImage, describeRoot } from '../packages/agent/src/testing/tree-text.ts'
import type { Sketch, World } from '../packages/agent/src/testing/world.ts'
import { parseManifest } from '../packages/agent/src/tree/manifest.ts'
import { type Case, CASES, type HostName, isAble, KINDS, type Place, REASONS, round } from './testing/twelve-cases.ts'
import { makeNetwork, unfitForNetworks } from './testing/network.ts'
import {
  addPublished,
  bringUp,
  makeNode,
  makeSites,
  type MirrorHost,
  type Node,
  type NodeOutcome,
  runNode,
  type Sent,
  startMirrors,
  strangeFiles,
} from './testing/twelve.ts'

/*
 * Twelve nodes, each a machine of its own on one network, and mirrors that are slow, far, lossy, dying and lying. Every node ends in the image or says
 * precisely why not, and none takes a byte that was not published. NODE_ROUNDS=20 makes it a soak test.
 */

const ROUNDS = Number(process.env['NODE_ROUNDS'] ?? 1)
const DAY_MS = 86_400_000
const unfit = unfitForNetworks()

describe.skipIf(unfit !== undefined)(`a node${unfit ? `: skipped, because ${unfit}` : ''}`, () => {
  const published = new Set<Digest>()
  const nodes = new Map<Case, Node>()
  const outcomes = new Map<Case, NodeOutcome>()
  let world: World
  let sites: Awaited<ReturnType<typeof makeSites>>
  let mirrors: Readonly<Record<HostName, MirrorHost>>
  let current: ChannelTarget | undefined
  let number = 0
  const held = new AsyncDisposableStack()

  /** The next image, and a delta from the one before. */
  const publish = async (next: Sketch): Promise<ChannelTarget> => {
    const [before, after] = [current, await world.image(next)]
    current = before ? { ...after, delta: await deltaBetween(world, before, after) } : after
    await world.publish(++number, current)
    return current
  }
  const keep = (name: 'new' | 'old' | 'expired') => {
    sites.keep(name)
    addPublished(published, world.site)
  }
  const baseOf = (node: Node, role: string, index: number) => `${role}.${node.name}-${number}-${index}`
  const runWith = (node: Node, places: readonly Place[], rates?: readonly number[]) => {
    const urls = places.map(([host, role], index) => `http://${mirrors[host].address}/${baseOf(node, role, index)}/`)
    return runNode(node, urls, rates)
  }
  /** What a mirror's machine was asked for as one of the node's mirrors. */
  const askedAs = (node: Node, places: readonly Place[], index: number) => {
    const [host, role] = places[index] ?? ['near', 'none']
    return mirrors[host].sent.filter(({ base }) => base === baseOf(node, role, index))
  }
  const isAt = (node: Node, { image }: ChannelTarget) =>
    describeRoot(node.root).join('\n') === describeImage(world.store, image).join('\n')

  beforeAll(async () => {
    sites = await makeSites()
    ;({ world } = sites)
    held.use(world)
    const network = held.use(await makeNetwork())
    mirrors = held.use(await startMirrors(network, sites.sites, KINDS))
    const { now } = world.clock
    world.clock.now = now - 30 * DAY_MS
    await publish({ 'usr/bin/tool': 'old' })
    keep('expired')
    world.clock.now = now
    for (const [index, one] of CASES.entries()) nodes.set(one, await makeNode(world, network, `node-${index + 1}`))
    const bring = (wanted: Case['has']) =>
      all([...nodes].filter(([{ has }]) => has === wanted).map(([, node]) => bringUp(world, node)))
    await publish(sketch(1))
    keep('old')
    await bring('first')
    await publish(sketch(2))
    keep('new')
    await bring('second')
    const rates = [1_000_000, 100_000, 10_000, 1000]
    await all(
      [...nodes].map(
        async ([one, node]) => void outcomes.set(one, await runWith(node, one.mirrors, one.rates ?? rates)),
      ),
    )
  })
  afterAll(() => held.disposeAsync())

  const found = (one: Case) => {
    const [node, outcome] = [nodes.get(one), outcomes.get(one)]
    if (node && outcome && current) return { node, outcome, current }
    throw new Error('it did not run')
  }

  test.each(CASES)('that $name', (one) => {
    const { node, outcome, current } = found(one)
    expect(strangeFiles(node, published)).toEqual([])
    if (one.code === undefined) {
      expect(outcome).toMatchObject({ outcome: 'converged', image: current.image, code: null })
      expect(describeRoot(node.root)).toEqual(describeImage(world.store, current.image))
    } else {
      expect(outcome).toMatchObject({ outcome: 'failed', code: one.code })
      expect(outcome.message).toMatch(one.says ?? /./)
      // It is where it was.
      const at = outcome.image
      expect(describeRoot(node.root).length).toBe(at === null ? 1 : describeImage(world.store, at).length)
      if (at !== null) expect(describeRoot(node.root)).toEqual(describeImage(world.store, at))
    }
    // Each mirror did to it what it is there for.
    for (const [index, [, role]] of one.mirrors.entries()) {
      const asked = askedAs(node, one.mirrors, index)
      expect(asked.length, role).toBeGreaterThan(0)
      if (['tamper', 'swap', 'trickle', 'truncate'].includes(role))
        expect(asked.some(({ path, bytes }) => path.startsWith('objects/') && bytes > 0)).toBe(true)
    }
  })

  test('that is redirected asks nobody elsewhere', () => {
    expect(mirrors.near.sent.filter(({ base }) => base === 'honest.elsewhere')).toEqual([])
  })

  test('that leaves a slow mirror does so in mid-file, and takes the rest of the range from the other', () => {
    const one = caseOf(/became slow/)
    const { node } = found(one)
    const [slow, far] = [0, 1].map((index) => packBodies(askedAs(node, one.mirrors, index)))
    expect(sumOf(slow)).toBeGreaterThan(0)
    // What the slow one had sent by then is in buffers on the way; what had arrived is not asked for again.
    expect(sumOf(far)).toBeGreaterThan(PACK_BYTES / 4)
    expect(sumOf(far)).toBeLessThan(PACK_BYTES)
  })

  test('whose mirror dies in mid-file asks for no byte twice that had arrived', () => {
    const one = caseOf(/die in the middle/)
    const { node, outcome } = found(one)
    const [, unplugged, far] = [0, 1, 2].map((index) => packBodies(askedAs(node, one.mirrors, index)))
    expect(sumOf(far)).toBeGreaterThan(0)
    expect(sumOf(far)).toBeLessThan(PACK_BYTES - 500_000)
    expect(
      askedAs(node, one.mirrors, 1).some(({ path }) => path.startsWith('objects/')),
      'unplugged',
    ).toBe(true)
    expect(unplugged).toBeDefined()
    // The image's pack, its index and its manifest, once.
    expect(outcome.fetched).toBeLessThan(PACK_BYTES + 50_000)
  })

  test(`with any mirrors ends in the image or says why not, in ${ROUNDS} round(s)`, {
    timeout: 60_000 * (ROUNDS + 1),
  }, async () => {
    for (const lists of fc.sample(round, ROUNDS)) {
      // All of them are at the image before, and that state is what mirrors replay.
      await all([...nodes.values()].map((node) => bringUp(world, node)))
      const before = current
      keep('old')
      const next = await publish(sketch(number))
      keep('new')
      if (!before) throw new Error('nothing was published')
      const ran = await all([...nodes.values()].map((node, index) => runWith(node, lists[index] ?? [])))
      for (const [index, node] of [...nodes.values()].entries()) {
        const [mine, outcome] = [lists[index] ?? [], ran[index]]
        const context = JSON.stringify({ mine, outcome })
        expect(strangeFiles(node, published), context).toEqual([])
        // Within a timestamp's life nobody can know that a state is not the newest, if whoever has a newer one is late.
        const old = mine.some(([, role]) => role === 'old')
        if (!old && isAble(mine)) expect(outcome?.outcome, context).toBe('converged')
        expect(isAt(node, outcome?.outcome === 'converged' ? next : before), context).toBe(true)
        if (outcome?.outcome === 'failed') expect(outcome.code, context).toMatch(REASONS)
        if (outcome?.outcome === 'unchanged') expect(old, context).toBe(true)
      }
    }
  })

  test('that held a byte which nobody published would be found', () => {
    const [node] = nodes.values()
    if (!node) throw new Error('there is none')
    for (const path of [
      join(node.root, 'stray'),
      join(node.state, 'kept', 'stray'),
      join(node.state, 'trust', 'stray'),
    ]) {
      writeFileSync(path, 'stray')
      expect(strangeFiles(node, published)).toEqual([path])
      rmSync(path)
    }
  })
})

/** Waits for each of them, also when one fails: what still runs must not outlive the test. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return await Promise.all(promises)
}

/** Less than the pack that holds the image. */
const PACK_BYTES = 6_200_000

function caseOf(name: RegExp): Case {
  const one = CASES.find((each) => name.test(each.name))
  if (one) return one
  throw new Error(`no case is named ${name.source}`)
}

const packBodies = (sent: readonly Sent[]) =>
  sent.filter(({ path, bytes }) => path.startsWith('objects/') && bytes > 20_000)
const sumOf = (sent: readonly Sent[] = []) => sent.reduce((sum, { bytes }) => sum + bytes, 0)

async function deltaBetween(world: World, before: ChannelTarget, after: ChannelTarget) {
  const [from, to] = [before, after].map(({ image }) => parseManifest(world.store.read(image)).root.tree)
  if (!from || !to) throw new Error('no tree')
  const { index, indexSize, pack, size } = await writeDelta({ store: world.store, from, to, target: world.store })
  return { from: before.image, index, indexSize, pack, size }
}

/** Some files that share frames, one that is streamed; a tenth differs from the sketch before. */
function sketch(number: number): Sketch {
  const files = Array.from({ length: 60 }, (_, index) => {
    const seed = index % 10 === number % 10 ? number : 0
    return [`usr/share/d${index % 7}/f${index}`, noise(20_000, `${index} ${seed}`)] as const
  })
  return {
    ...Object.fromEntries(files),
    'usr/lib/big.so': Buffer.concat([noise(5_000_000, 'big'), noise(1000, `end ${number}`)]),
    'etc/number': `${number}\n`,
  }
}

/** Bytes that do not compress, the same in every run. */
function noise(size: number, seed: string): Buffer {
  const key = Buffer.alloc(32, seed)
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}
