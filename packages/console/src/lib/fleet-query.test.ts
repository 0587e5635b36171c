import type { NodeSummary } from '@holotype/server/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fleetQuery } from './fleet-query.ts'

const base: NodeSummary = {
  node: 'node-1',
  name: 'web-1.fra1',
  channel: 'prod',
  labels: { site: 'fra1', role: 'web' },
  image: `sha256:4f2a91${'0'.repeat(58)}`,
  imageName: 'web',
  statement: 4,
  lastSeen: '2026-03-01T12:00:00Z',
  lastOutcome: 'converged',
  kernel: '6.1.0-42-amd64',
  flags: ['reboot-required'],
  findings: 2,
}
const fresh: NodeSummary = {
  ...base,
  name: 'db-9',
  labels: {},
  image: null,
  imageName: null,
  lastOutcome: null,
  flags: [],
  findings: 0,
}
const matches = (query: string, node = base): boolean => fleetQuery(query).matches(node)

describe('what matches', () => {
  test.each([
    '',
    'site=fra1',
    'label:site=fra1',
    'label:role',
    'image:web',
    'image:4f2a',
    'image:sha256:4f2a91',
    'channel:prod',
    'state:converged',
    'findings:>0',
    'findings:2',
    'findings:>=2',
    'flag:reboot',
    'kernel:6.1',
    'WEB-1',
    'site=fra1 findings:>1 -state:failed',
    '"fra1"',
  ])('%s', (query) => expect(matches(query)).toBe(true))

  test.each([
    'site=nbg1',
    'label:rack',
    'image:we',
    'image:none',
    'image:4f3',
    'channel:pro',
    'state:failed',
    'findings:0',
    'findings:<2',
    '-site=fra1',
    'site=fra1 nothing-like-it',
    'label:constructor',
  ])('not %s', (query) => expect(matches(query)).toBe(false))

  test('a node without an image', () => {
    expect(matches('image:none state:new -label:site', fresh)).toBe(true)
    expect(matches('image:web', fresh)).toBe(false)
  })
})

test('what cannot be read is told, and taken as text', () => {
  expect(fleetQuery('sight:fra1').problems[0]).toContain('no filter is named "sight"')
  expect(fleetQuery('state:broken').problems[0]).toContain('converged, failed or new')
  expect(fleetQuery('findings:many').problems[0]).toContain('findings:>0')
  expect(fleetQuery('site=fra1').problems).toEqual([])
})

test('a minus turns any readable term around', () => {
  const term = fc.constantFrom(
    'site=fra1',
    'label:rack',
    'image:web',
    'state:failed',
    'findings:>0',
    'text',
    'kernel:5',
  )
  fc.assert(
    fc.property(
      term,
      fc.constantFrom(base, fresh),
      (query, node) => matches(query, node) !== matches(`-${query}`, node),
    ),
  )
})

test('no text makes it throw, and two terms match what each matches', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fleetQuery(text).matches(base)
    }),
  )
  const word = fc.constantFrom('web', 'fra1', 'nbg1', 'site=fra1', 'findings:>1')
  fc.assert(fc.property(word, word, (left, right) => matches(`${left} ${right}`) === (matches(left) && matches(right))))
})
