import { expect, test } from 'vitest'
import { fixtureWorld } from '../testing/fixture-data.ts'
import { gateLines, waiting, waveMembers } from './gates.ts'
import { imageMarks } from './marks.ts'

test('the images of the channels come first and look the same whatever else there is', () => {
  const { channels } = fixtureWorld('acme', 0).status
  const [channel] = channels
  if (channel === undefined) throw new Error('the fixture has no channel')
  const plain = imageMarks(channels)
  const more = imageMarks(channels, ['sha256:z', 'sha256:a'])
  expect(plain(channel.current)).toEqual({ shape: 'square', tone: 0 })
  expect(more(channel.current)).toEqual(plain(channel.current))
  expect(more(channel.next)).toEqual(plain(channel.next))
  expect(more(null)).toEqual({ shape: 'ring', tone: 'none' })
  const shapes = [channel.current, channel.next, 'sha256:a', 'sha256:z', null].map((image) => more(image).shape)
  expect(new Set(shapes).size).toBe(shapes.length)
  expect(more('sha256:unknown').shape).toBe('half')
})

test('a gate tells its thresholds and what was observed', () => {
  const gate = { soak: 600, soaked: 395, success: 9_950, observed: 10_000, verdict: 'waiting' as const, reason: '' }
  expect(gateLines(gate)).toEqual([
    { name: 'Converged before', threshold: 'at least 99.5 %', observed: '100 %', met: true },
    { name: 'Soaked', threshold: 'at least 10 min', observed: '6 min 35 s', met: false },
  ])
  expect(gateLines({ ...gate, soak: 0, success: 0 })).toEqual([])
})

test('who is in a wave, in words', () => {
  expect(waveMembers({ select: {}, share: 10_000 })).toBe('all other nodes')
  expect(waveMembers({ select: { role: 'web' }, share: 10_000 })).toBe('all nodes with role=web')
  expect(waveMembers({ select: { role: 'web', site: 'fra1' }, share: 500 })).toBe(
    '5 % of nodes with role=web, site=fra1',
  )
  expect(waiting({ nodes: 4, converged: 3, failed: 2 })).toBe(0)
})
