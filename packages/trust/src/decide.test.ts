import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, decide } from './decide.ts'
import type { ChannelStatement, Wave } from './statement.ts'

const current = { image: `sha256:${'a'.repeat(64)}`, packs: [] } as const
const next = { image: `sha256:${'b'.repeat(64)}`, packs: [] } as const

function statementWith(waves: readonly Wave[], id = 'r1'): ChannelStatement {
  return {
    schema: 'holotype.channel/1',
    channel: 'web',
    number: 2,
    issued: '2026-11-21T06:00:00Z',
    expires: '2026-12-21T06:00:00Z',
    current,
    next,
    rollout: { id, waves },
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
  const decision = decide(statementWith(waves), node)
  expect(decision.side).toBe(side)
  expect(decision.target).toBe(side === 'next' ? next : current)
  expect(decision.wave).toBe(name)
})

test('without a rollout a node is at the current image', () => {
  const { next: _, rollout: __, ...rest } = statementWith([])
  expect(decide(rest, node)).toEqual({ target: current, side: 'current' })
})

test('shares hold within 1 % over 100,000 nodes', () => {
  const counts = { 1: 0, 500: 0, 2500: 0, 5000: 0, 9000: 0 }
  for (let index = 0; index < 100_000; index++) {
    const at = bucketOf('rollout-7', `node-${index}`)
    for (const share of [1, 500, 2500, 5000, 9000] as const) if (at < share) counts[share]++
  }
  for (const share of [1, 500, 2500, 5000, 9000] as const)
    expect(Math.abs(counts[share] / 100_000 - share / 10_000)).toBeLessThan(0.01)
})

test('law: widening a share never moves a node out, and never back to the current image', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(10_000), fc.nat(10_000), (rollout, id, a, b) => {
      const [narrow, wide] = [Math.min(a, b), Math.max(a, b)]
      const at = (share: number) => decide(statementWith([wave('w', { share })], rollout), { id, labels: {} }).side
      return at(narrow) === 'current' || at(wide) === 'next'
    }),
  )
})
