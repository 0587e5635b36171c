import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixtureDiff } from '../testing/fixture-diff.ts'
import type { DiffDocument } from '../api/queries.ts'
import { countKinds, countRisks, diffItems, filterItems, itemName, RISKS } from './diff-items.ts'
import { aboutOf, namersOf, saidOf } from './review-words.ts'
import { readReviewed, toggled, writeReviewed } from './reviewed.ts'

const items = diffItems(fixtureDiff())

test('the highest risk comes first, what nodes are told before packages, packages before files', () => {
  const kinds = ['node', 'package', 'file']
  const ranks = items.map((item) => RISKS.indexOf(item.change.risk) * 3 + kinds.indexOf(item.kind))
  expect(ranks).toEqual(ranks.toSorted((left, right) => left - right))
  expect(new Set(items.map((item) => item.key)).size).toBe(items.length)
})

test('a trigger is found by what it runs, and spoken of by its name', () => {
  const [trigger] = filterItems(items, { q: 'nginx -t', kind: 'nodes' })
  expect(trigger && [trigger.key, itemName(trigger), aboutOf(trigger)]).toEqual([
    'n:trigger:reload-nginx',
    'trigger reload-nginx',
    'trigger:reload-nginx',
  ])
})

test('filters narrow and never reorder', () => {
  expect(filterItems(items, { q: 'cve-2025-9230' }).map((item) => item.key)).toEqual(['p:libssl3:amd64'])
  expect(filterItems(items, { q: 'spec login' })).toHaveLength(0)
  expect(filterItems(items, { q: 'sshd log' }).map((item) => item.key)).toEqual(['f:/etc/ssh/sshd_config'])
  const filter = fc.record({
    kind: fc.constantFrom(undefined, 'packages' as const, 'files' as const),
    risk: fc.constantFrom(undefined, ...RISKS),
    q: fc.constantFrom('', 'ssl', 'usr', 'beacon'),
  })
  fc.assert(
    fc.property(filter, (each) => {
      const kept = filterItems(items, each)
      const places = kept.map((item) => items.indexOf(item))
      expect(places).toEqual(places.toSorted((left, right) => left - right))
    }),
  )
})

test('privileges and what takes part in the boot are kinds of their own', () => {
  const keys = (kind: 'privileges' | 'boot') => filterItems(items, { kind }).map((item) => item.key)
  expect(keys('privileges')).toEqual(['f:/usr/sbin/beacon-probe', 'f:/usr/bin/ping', 'p:beacon:amd64'])
  expect(keys('boot')).toEqual(['f:/boot/initrd.img-6.12.48-amd64'])
  expect(countKinds(items)).toEqual({ packages: 14, files: 41, nodes: 1, privileges: 3, boot: 1 })
})

test('who named a hazard: the last word of each, if it approves and was given under the policy that holds', () => {
  const diff = fixtureDiff()
  const word = (actor: string, more: Partial<DiffDocument['approvals'][number]>) => ({
    diff: 'sha256:1',
    actor,
    verdict: 'approved' as const,
    comment: '',
    time: '2026-01-01T00:00:00.000Z',
    policy: 'sha256:p',
    hazards: ['kernel-abi'],
    proven: true,
    evidence: '',
    ...more,
  })
  const named = (approvals: DiffDocument['approvals']) =>
    namersOf({ diff, approvals, policy: 'sha256:p' }).get('kernel-abi')
  expect(named([])).toEqual([])
  expect(named([word('anna', {}), word('bo', { hazards: [] })])).toEqual(['anna'])
  expect(named([word('anna', { policy: 'sha256:old' })])).toEqual([])
  expect(named([word('anna', {}), word('anna', { verdict: 'rejected', hazards: [] })])).toEqual([])
  expect(named([word('anna', {}), word('anna', { hazards: [] })])).toEqual([])
})

test('comments and ticks stand with what they are about', () => {
  const said = saidOf({
    comments: [{ item: 'package:nginx', actor: 'bo', text: 'fine', time: '' }],
    reviewed: [
      { item: 'package:nginx', actor: 'anna', time: '' },
      { item: 'file:/etc/passwd', actor: 'bo', time: '' },
    ],
  })
  expect(said('package:nginx')).toMatchObject({ comments: [{ text: 'fine' }], readers: ['anna'] })
  expect(said('file:/etc/passwd').readers).toEqual(['bo'])
  expect(said('package:curl')).toEqual({ comments: [], readers: [] })
})

test('the counts of the risks add up', () => {
  const counts = countRisks(items)
  expect(counts.high).toBe(4)
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(items.length)
})

test('reviewed marks are kept per diff, and a browser that keeps nothing has reviewed nothing', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  expect(writeReviewed(storage, 'sha256:a', toggled(new Set(), 'p:nginx:amd64'))).toBe(true)
  expect([...readReviewed(storage, 'sha256:a')]).toEqual(['p:nginx:amd64'])
  expect(readReviewed(storage, 'sha256:b').size).toBe(0)
  expect(toggled(new Set(['x']), 'x').size).toBe(0)
  kept.set('holotype.reviewed.sha256:c', '{"not": "a list"}')
  kept.set('holotype.reviewed.sha256:d', 'not json')
  expect(readReviewed(storage, 'sha256:c').size + readReviewed(storage, 'sha256:d').size).toBe(0)
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error('full')
    },
  }
  expect(writeReviewed(full, 'sha256:a', new Set(['x']))).toBe(false)
})
