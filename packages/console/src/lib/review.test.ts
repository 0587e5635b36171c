import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixtureDiff } from '../testing/fixture-diff.ts'
import { countRisks, diffItems, filterItems, RISKS } from './diff-items.ts'
import { readReviewed, toggled, writeReviewed } from './reviewed.ts'

const items = diffItems(fixtureDiff())

test('the highest risk comes first, packages before files', () => {
  const ranks = items.map((item) => RISKS.indexOf(item.change.risk) * 2 + Number(item.kind === 'file'))
  expect(ranks).toEqual(ranks.toSorted((left, right) => left - right))
  expect(new Set(items.map((item) => item.key)).size).toBe(items.length)
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

test('the counts of the risks add up', () => {
  const counts = countRisks(items)
  expect(counts.high).toBe(3)
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
