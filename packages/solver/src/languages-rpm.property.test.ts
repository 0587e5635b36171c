import { isErrorCode } from '@holotype/base'
import { formats } from '@holotype/formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { brokenRpm } from './testing/check-rpm.ts'
import { item } from './testing/languages.ts'

const common = { format: formats.rpm, architecture: 'x86_64', essential: false }
const NAMES = ['a', 'b', 'c', 'd']
const version = fc.constantFrom('1', '2', '3')
const constraint = fc.option(
  fc.tuple(fc.constantFrom('<', '<=', '=', '>=', '>'), version).map(([sign, at]) => ` ${sign} ${at}`),
  { freq: 2 },
)
const plain = fc.tuple(fc.constantFrom(...NAMES, 'v', 'w'), constraint).map(([name, at]) => `${name}${at ?? ''}`)
const positive = fc
  .tuple(plain, fc.option(fc.tuple(fc.constantFrom('with', 'without'), plain), { freq: 3 }))
  .map(([first, more]) => (more === null ? first : `${first} ${more[0]} ${more[1]}`))
const negated = plain.map((text) => `!${text}`)
const group = fc
  .tuple(fc.array(positive, { maxLength: 2 }), fc.array(negated, { maxLength: 2 }))
  .filter(([wanted, conditions]) => wanted.length + conditions.length > 0)
  .map(([wanted, conditions]) => [...wanted, ...conditions].join(' | '))
const list = (one: fc.Arbitrary<string>, maxLength: number) => fc.array(one, { maxLength }).map((all) => all.join(', '))
const obsoletes = fc.tuple(fc.constantFrom(...NAMES), constraint).map(([name, at]) => `${name}${at ?? ''}`)
const provides = fc.tuple(fc.constantFrom('v', 'w'), constraint).map(([name, at]) => `${name}${at ?? ''}`)

const universe = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...NAMES),
      version,
      depends: list(group, 2),
      recommends: list(group, 1),
      supplements: list(group, 1),
      provides: list(provides, 2),
      conflicts: list(plain, 1),
      obsoletes: list(obsoletes, 1),
    })
    .map(({ name, version: at, ...words }) => item(`${name} ${at}`, words)),
  { minLength: 3, maxLength: 8, selector: ({ record }) => `${record.name} ${record.version}` },
)
/** By version, so that no obsoleter stands in for it. */
const install = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })

function attempt(candidates: readonly Candidate[], asked: readonly string[], recommends: boolean) {
  try {
    return resolve({ ...common, candidates, install: asked.map((name) => `${name}>=0`), recommends }).packages
  } catch (error) {
    if (isErrorCode(error, 'RESOLVE_CONFLICT') || isErrorCode(error, 'RESOLVE_UNKNOWN_PACKAGE')) return undefined
    throw error
  }
}

describe('rpm, for any universe', () => {
  it('a result satisfies every rule, and a refusal is right: no subset of the candidates would do', () => {
    let [solved, refused] = [0, 0]
    fc.assert(
      fc.property(universe, install, fc.boolean(), (candidates, names, recommends) => {
        const asked = names.filter((name) => candidates.some(({ record }) => record.name === name))
        const packages = attempt(candidates, asked, recommends)
        if (packages) {
          solved++
          expect(brokenRpm({ ...common, packages: packages.map(({ record }) => record), asked })).toEqual([])
          return
        }
        refused++
        for (let mask = 0; mask < 2 ** candidates.length; mask++) {
          const subset = candidates.filter((_, index) => mask & (1 << index)).map(({ record }) => record)
          expect(brokenRpm({ ...common, packages: subset, asked })).not.toEqual([])
        }
      }),
      { numRuns: 1500 },
    )
    expect(solved).toBeGreaterThan(300)
    expect(refused).toBeGreaterThan(30)
  })
})
