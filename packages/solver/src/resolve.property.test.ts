import { isErrorCode } from '@holotype/base'
import { formats } from '@holotype/formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { broken } from './testing/check.ts'
import { candidate } from './testing/packages.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const name = fc.constantFrom(...NAMES, 'v', 'w')
const version = fc.constantFrom('1', '2', '3')
const relation = fc
  .tuple(name, fc.option(fc.tuple(fc.constantFrom('<<', '<=', '=', '>=', '>>'), version), { freq: 1 }))
  .map(([target, constraint]) => (constraint ? `${target} (${constraint[0]} ${constraint[1]})` : target))
const group = fc.array(relation, { minLength: 1, maxLength: 3 }).map((alternatives) => alternatives.join(' | '))
const groups = (maxLength: number) => fc.array(group, { maxLength }).map((all) => all.join(', '))
const flat = (maxLength: number) => fc.array(relation, { maxLength }).map((all) => all.join(', '))
const provides = fc
  .array(fc.tuple(fc.constantFrom('v', 'w'), fc.option(version)), { maxLength: 2 })
  .map((all) => all.map(([target, at]) => (at === null ? target : `${target} (= ${at})`)).join(', '))

const one = fc
  .record({
    name: fc.constantFrom(...NAMES),
    version,
    depends: groups(3),
    recommends: groups(1),
    provides,
    conflicts: flat(1),
    breaks: flat(1),
    architecture: fc.constantFrom('amd64', 'amd64', 'all', 'i386'),
    multiArch: fc.constantFrom('no' as const, 'same' as const, 'foreign' as const, 'allowed' as const),
    essential: fc.constantFrom(false, false, false, false, true),
  })
  .map((words) => candidate(`${words.name} ${words.version}`, words))

const universe = fc.uniqueArray(one, {
  minLength: 3,
  maxLength: 14,
  selector: ({ record }) => `${record.name} ${record.version} ${record.architecture}`,
})
const install = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })

const common = { format: formats.deb, architecture: 'amd64' }

function attempt(candidates: readonly Candidate[], asked: readonly string[], recommends: boolean) {
  try {
    return resolve({ ...common, candidates, install: asked, recommends, essential: false })
  } catch (error) {
    if (isErrorCode(error, 'RESOLVE_CONFLICT') || isErrorCode(error, 'RESOLVE_UNKNOWN_PACKAGE')) return error
    throw error
  }
}

/** Every subset, by the independent judge: slow and certain. */
function anySubsetHolds(candidates: readonly Candidate[], asked: readonly string[]): boolean {
  const offered = candidates.map(({ record }) => record)
  for (let mask = 0; mask < 2 ** candidates.length; mask++) {
    const packages = candidates.filter((_, index) => mask & (1 << index)).map(({ record }) => record)
    if (broken({ ...common, packages, asked: { names: asked, offered } }).length === 0) return true
  }
  return false
}

describe('for any universe', () => {
  it('a result satisfies every rule, and every package in it has a reason', () => {
    let solved = 0
    fc.assert(
      fc.property(universe, install, fc.boolean(), (candidates, asked, recommends) => {
        const result = attempt(candidates, asked, recommends)
        if (result instanceof Error) return
        solved++
        const packages = result.packages.map(({ record }) => record)
        const offered = candidates.map(({ record }) => record)
        expect(broken({ ...common, packages, asked: { names: asked, offered } })).toEqual([])
        expect([...result.why.keys()].sort()).toEqual(
          packages.map((item) => `${item.name}:${item.architecture}`).sort(),
        )
      }),
      { numRuns: 2000 },
    )
    expect(solved).toBeGreaterThan(200)
  })
  it('a refusal is right: no subset of the candidates would do', () => {
    const small = fc.uniqueArray(one, {
      minLength: 3,
      maxLength: 8,
      selector: ({ record }) => `${record.name} ${record.version} ${record.architecture}`,
    })
    let refused = 0
    fc.assert(
      fc.property(small, install, fc.boolean(), (candidates, asked, recommends) => {
        const result = attempt(candidates, asked, recommends)
        if (result instanceof Error) refused++
        expect(anySubsetHolds(candidates, asked)).toBe(!(result instanceof Error))
      }),
      { numRuns: 400 },
    )
    expect(refused).toBeGreaterThan(40)
  })
  it('the order of the candidates does not matter', () => {
    fc.assert(
      fc.property(
        universe.chain((candidates) =>
          fc.tuple(fc.constant(candidates), fc.shuffledSubarray(candidates, { minLength: candidates.length })),
        ),
        install,
        fc.boolean(),
        ([candidates, shuffled], asked, recommends) => {
          const [first, second] = [attempt(candidates, asked, recommends), attempt(shuffled, asked, recommends)]
          if (first instanceof Error) expect(second).toMatchObject({ message: first.message })
          else expect(second).toEqual(first)
        },
      ),
      { numRuns: 500 },
    )
  })
  it('a result locked again is the same result', () => {
    fc.assert(
      fc.property(universe, install, (candidates, asked) => {
        const first = attempt(candidates, asked, false)
        if (first instanceof Error) return
        const locked = first.packages.map(({ record, from }) => ({ ...record, from }))
        const again = resolve({ ...common, candidates, install: asked, essential: false, locked })
        const packages = again.packages.map(({ record }) => record)
        expect(broken({ ...common, packages })).toEqual([])
        expect(again.packages).toEqual(first.packages)
      }),
      { numRuns: 500 },
    )
  })
})
