import { formats } from '@holotype/formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { candidate } from './testing/packages.ts'
import type { ResolveRequest } from './types.ts'

const common = { format: formats.deb, architecture: 'amd64', essential: false }

function chosen(candidates: readonly Candidate[], install: readonly string[], more: Partial<ResolveRequest> = {}) {
  const { packages } = resolve({ ...common, candidates, install, subject: 'web', ...more })
  return packages.map(({ record }) => `${record.name} ${record.version}`)
}
const lockedAs = (...items: readonly string[]) => items.map((text) => ({ ...candidate(text).record, from: 'debian' }))

describe('pinned', () => {
  const all = [
    candidate('a 1'),
    candidate('a 2', { from: 'own' }),
    candidate('a 3'),
    candidate('x 1', { depends: 'a (>= 3)' }),
  ]
  it('to a version, or to where it comes from', () => {
    expect(chosen(all, ['a'], { pinned: [{ name: 'a', version: '1' }] })).toEqual(['a 1'])
    expect(chosen(all, ['a'], { pinned: [{ name: 'a', from: 'own' }] })).toEqual(['a 2'])
    expect(chosen(all, ['a'], { pinned: [{ name: 'a', from: 'debian' }] })).toEqual(['a 3'])
  })
  it('is told where it stands in the way', () => {
    expect(() => chosen(all, ['x'], { pinned: [{ name: 'a', from: 'own' }] })).toThrow(
      'web needs x\n  x 1 depends on a (>= 3), a is pinned to 2 from own',
    )
    expect(() => chosen(all, ['a'], { pinned: [{ name: 'a', version: '9' }] })).toThrow(
      'a is pinned to 9, which no source offers',
    )
    expect(() => chosen(all, ['x'], { pinned: [{ name: 'aa', version: '1' }] })).toThrow(
      'no source offers a package named aa, and it is pinned; the nearest is a',
    )
  })
})

describe('held', () => {
  const all = [candidate('a 1'), candidate('a 2'), candidate('b 1'), candidate('x 1', { depends: 'a (>= 2)' })]
  it('stays as it is locked, also where nothing needs it', () => {
    expect(chosen(all, ['b'], { locked: lockedAs('a 1', 'b 1'), held: ['a'] })).toEqual(['a 1', 'b 1'])
    expect(chosen(all, ['b'], { locked: lockedAs('a 1', 'b 1') })).toEqual(['b 1'])
  })
  it('is told where it stands in the way', () =>
    expect(() => chosen(all, ['x'], { locked: lockedAs('a 1'), held: ['a'] })).toThrow(
      'web needs x\n  x 1 depends on a (>= 2), a is held at 1',
    ))
  it('what was never locked cannot be held', () =>
    expect(() => chosen(all, ['b'], { held: ['a'] })).toThrow('a is held, but no earlier lock has it'))
})

describe('minimal change', () => {
  // The newer app wants one of two libraries moved; the first alternative would move the locked one.
  const all = [
    candidate('app 1', { depends: 'lib' }),
    candidate('app 2', { depends: 'lib (>= 2) | shim' }),
    candidate('lib 1'),
    candidate('lib 2'),
    candidate('shim 1', { depends: 'lib' }),
  ]
  const locked = lockedAs('app 1', 'lib 1')
  it('moves nothing that could stay', () => {
    expect(chosen(all, ['app>=2'], { locked })).toEqual(['app 2', 'lib 2'])
    expect(chosen(all, ['app>=2'], { locked, minimalChange: true })).toEqual(['app 2', 'lib 1', 'shim 1'])
  })
  it('moves what the request forces', () =>
    expect(chosen(all, ['app>=2', 'lib>=2'], { locked, minimalChange: true })).toEqual(['app 2', 'lib 2']))

  const NAMES = ['a', 'b', 'c', 'd']
  const version = fc.constantFrom('1', '2')
  const relation = fc
    .tuple(fc.constantFrom(...NAMES), fc.option(version, { freq: 2 }))
    .map(([name, at]) => (at === null ? name : `${name} (= ${at})`))
  const group = fc.array(relation, { minLength: 1, maxLength: 2 }).map((all_) => all_.join(' | '))
  const universe = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom(...NAMES), version, fc.array(group, { maxLength: 2 }))
      .map(([name, at, depends]) => candidate(`${name} ${at}`, { depends: depends.join(', ') })),
    { minLength: 4, maxLength: 8, selector: ({ record }) => `${record.name} ${record.version}` },
  )
  it('for any universe: each package that moved could not have stayed with those that did', () => {
    let moved = 0
    fc.assert(
      fc.property(universe, fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), (candidates, first, second) => {
        const attempt = (more: Partial<ResolveRequest>) => {
          try {
            return resolve({ ...common, candidates, install: [first], ...more }).packages
          } catch {
            return undefined
          }
        }
        const before = attempt({})
        if (!before) return
        const earlier = before.map(({ record, from }) => ({ ...record, from }))
        const next = { install: [first, `${second}=1`], locked: earlier, minimalChange: true }
        const after = attempt(next)
        if (!after) return
        const versions = new Map(after.map(({ record }) => [record.name, record.version]))
        const stayed = earlier.filter(({ name, version: was }) => versions.get(name) === was)
        for (const item of earlier.filter(({ name, version: was }) => (versions.get(name) ?? was) !== was)) {
          moved++
          const pins = [...stayed, item].map(({ name, version: was }) => ({ name, version: was }))
          const alternative = attempt({ ...next, minimalChange: false, pinned: pins })
          // It could stay only by falling away altogether.
          if (alternative) expect(alternative.map(({ record }) => record.name)).not.toContain(item.name)
        }
      }),
      { numRuns: 1500 },
    )
    expect(moved).toBeGreaterThan(10)
  })
})
