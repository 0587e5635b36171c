import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bucketOf, decide } from './decide.ts'
import type { ChannelStatement, Rollout, Wave } from './statement.ts'

const current = { image: `sha256:${'a'.repeat(64)}`, packs: [] } as const
const next = { image: `sha256:${'b'.repeat(64)}`, packs: [] } as const

function statementWith(waves: readonly Wave[], id = 'r1', more: Partial<Rollout> = {}): ChannelStatement {
  return {
    schema: 'holotype.channel/2',
    channel: 'web',
    number: 2,
    issued: '2026-11-21T06:00:00Z',
    expires: '2026-12-21T06:00:00Z',
    current,
    next,
    rollout: { id, waves, ...more },
    reason: '',
    actor: '',
    commit: '',
  }
}

const wave = (name: string, more: Partial<Wave> = {}): Wave => ({
  name,
  select: {},
  share: 10_000,
  open: true,
  ...more,
})
const node = { id: 'node-1', labels: { site: 'berlin', role: 'web' } }
const bucket = bucketOf('r1', node.id)
const NOW = new Date('2026-11-22T00:00:00Z')

test('a bucket is what the definition says, fixed for ever', () => {
  // printf 'r1 node-1' | sha256sum gives its first six bytes
  expect(bucketOf('r1', 'node-1')).toBe(2769)
  expect(bucketOf('r2', 'node-1')).not.toBe(bucket)
})

test.each<[string, readonly Wave[], 'current' | 'next', string | undefined]>([
  ['no wave', [], 'current', undefined],
  ['one open wave for all', [wave('all')], 'next', 'all'],
  ['one closed wave for all', [wave('all', { open: false })], 'current', 'all'],
  ['labels that all match', [wave('w', { select: { site: 'berlin', role: 'web' } })], 'next', 'w'],
  ['one label that differs', [wave('w', { select: { site: 'berlin', role: 'db' } })], 'current', undefined],
  ['a label the node lacks', [wave('w', { select: { zone: 'a' } })], 'current', undefined],
  ['a label that only a prototype has', [wave('w', { select: { constructor: 'x' } })], 'current', undefined],
  ['a share that just covers the node', [wave('w', { share: bucket + 1 })], 'next', 'w'],
  ['a share that just leaves the node out', [wave('w', { share: bucket })], 'current', undefined],
  ['a share of nothing', [wave('w', { share: 0 })], 'current', undefined],
  [
    'the first wave that covers, though closed, before an open one',
    [wave('a', { open: false }), wave('b')],
    'current',
    'a',
  ],
  ['the second wave where the first leaves the node out', [wave('a', { share: bucket }), wave('b')], 'next', 'b'],
  ['the second wave where the first selects others', [wave('a', { select: { site: 'oslo' } }), wave('b')], 'next', 'b'],
])('%s', (_, waves, side, name) => {
  const decision = decide(statementWith(waves), node, NOW)
  expect(decision.side).toBe(side)
  expect(decision.target).toBe(side === 'next' ? next : current)
  expect(decision.wave).toBe(name)
})

test.each<[string, readonly Wave[], string, 'current' | 'next', string | undefined]>([
  ['before the time, in an open wave', [wave('all')], '2026-11-22T00:00:01Z', 'current', 'wait'],
  ['at the time', [wave('all')], '2026-11-22T00:00:00Z', 'next', undefined],
  ['after it', [wave('all')], '2026-11-21T23:59:59Z', 'next', undefined],
  ['before it, in a closed wave', [wave('all', { open: false })], '2026-11-22T00:00:01Z', 'current', undefined],
  ['before it, in no wave', [], '2026-11-22T00:00:01Z', 'current', undefined],
])('not before a time: %s', (_, waves, notBefore, side, waits) => {
  const decision = decide(statementWith(waves, 'r1', { notBefore }), node, NOW)
  expect(decision.side).toBe(side)
  expect(decision.target).toBe(side === 'next' ? next : current)
  expect(decision.waitsUntil).toBe(waits === undefined ? undefined : notBefore)
})

test('without a rollout a node is at the current image', () => {
  const { next: _, rollout: __, ...rest } = statementWith([])
  expect(decide(rest, node, NOW)).toEqual({ target: current, side: 'current' })
})

describe('a fleet of 1,000,000 nodes', () => {
  const NODES = 1_000_000
  const idOf = (index: number) => `node-${index}.rack-${index % 97}.acme.example`
  const buckets = new Uint16Array(NODES)
  beforeAll(() => {
    for (let index = 0; index < NODES; index++) buckets[index] = bucketOf('rollout-7', idOf(index))
  })
  const shareOf = (covered: (bucket: number, index: number) => boolean, nodes = NODES) => {
    let count = 0
    for (let index = 0; index < nodes; index++) if (covered(buckets[index] ?? 0, index)) count++
    return (count / nodes) * 10_000
  }

  test.each([1, 10, 100, 500, 2500, 5000, 9000, 9999, 10_000])(
    'a share of %i in 10,000 holds within a hundredth',
    (share) => {
      const got = shareOf((bucket) => bucket < share)
      // 1 % of the fleet; and of the share itself, where it holds enough nodes for chance to even out (four standard deviations).
      expect(Math.abs(got - share)).toBeLessThan(100)
      const deviation = Math.sqrt(share * (1 - share / 10_000) * (10_000 / NODES))
      expect(Math.abs(got - share)).toBeLessThanOrEqual(Math.max(share * 0.01, 4 * deviation))
    },
  )

  test('every bucket is filled, none more than twice', () => {
    const filled = new Uint32Array(10_000)
    for (const bucket of buckets) filled[bucket] = (filled[bucket] ?? 0) + 1
    expect(Math.min(...filled)).toBeGreaterThan(50)
    expect(Math.max(...filled)).toBeLessThan(200)
  })

  test('two rollouts are independent: who was first in one is no more often first in the other', () => {
    const nodes = 100_000
    const second = Uint16Array.from({ length: nodes }, (_, index) => bucketOf('rollout-8', idOf(index)))
    const both = shareOf((bucket, index) => bucket < 1000 && (second[index] ?? 0) < 1000, nodes)
    // A tenth of a tenth.
    expect(Math.abs(both - 100)).toBeLessThan(15)
  })

  test('waves that widen one after the other only ever add nodes, and end with all', () => {
    const labels = (index: number) => ({ site: index % 10 === 0 ? 'berlin' : 'oslo' })
    const steps: readonly (readonly Wave[])[] = [
      [wave('berlin', { select: { site: 'berlin' }, share: 100 }), wave('rest', { open: false })],
      [wave('berlin', { select: { site: 'berlin' }, share: 5000 }), wave('rest', { open: false })],
      [wave('berlin', { select: { site: 'berlin' } }), wave('tenth', { share: 1000 }), wave('rest', { open: false })],
      [wave('berlin', { select: { site: 'berlin' } }), wave('tenth', { share: 1000 }), wave('rest')],
    ]
    const nodes = 20_000
    let before = new Set<number>()
    const sizes = steps.map((waves) => {
      const statement = statementWith(waves, 'rollout-7')
      const now = new Set<number>()
      for (let index = 0; index < nodes; index++)
        if (decide(statement, { id: idOf(index), labels: labels(index) }, NOW).side === 'next') now.add(index)
      expect(before.difference(now).size).toBe(0)
      before = now
      return now.size / nodes
    })
    expect(sizes.map((size) => Number(size.toFixed(2)))).toEqual([0, 0.05, 0.19, 1])
  })
})

test('law: widening a share never moves a node out, and never back to the current image', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(10_000), fc.nat(10_000), (rollout, id, a, b) => {
      const [narrow, wide] = [Math.min(a, b), Math.max(a, b)]
      const at = (share: number) => decide(statementWith([wave('w', { share })], rollout), { id, labels: {} }, NOW).side
      return at(narrow) === 'current' || at(wide) === 'next'
    }),
  )
})
