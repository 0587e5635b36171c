import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Format } from '../types.ts'
import type { FormatFixtures } from './contract.ts'

/** Bytes as characters. fast-check's own strings of any character take a second to set up. */
const anyText = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** Versions and relations: a total order, the same whichever way it is asked for. */
export function versionContract(format: Format, fixtures: FormatFixtures): void {
  const { version } = fixtures

  test('a million comparisons of parsed versions take less than a second', () => {
    const versions = fc.sample(version, { numRuns: 1000, seed: 1 }).map(format.parseVersion)
    const rounds = Array.from({ length: 4 }, () => {
      const start = process.cpuUsage()
      let sum = 0
      for (let i = 0; i < 250_000; i++) {
        const a = versions[i % 1000]
        const b = versions[(i * 7 + 1) % 1000]
        if (a && b) sum += format.compareParsed(a, b)
      }
      expect(Math.abs(sum)).toBeLessThan(250_000)
      return process.cpuUsage(start).user / 1000
    })
    // The best of four, by the processor's time: others share the machine.
    expect(Math.min(...rounds)).toBeLessThan(250)
  })

  test('versions are totally ordered', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(format.compareVersions(a, a)).toBe(0)
        expect(format.compareVersions(a, b) + format.compareVersions(b, a)).toBe(0)
        const [first, second, third] = [a, b, c].sort(format.compareVersions)
        if (first === undefined || second === undefined || third === undefined) throw new Error('three are given')
        expect(format.compareVersions(first, third)).toBeLessThanOrEqual(0)
        expect(format.compareVersions(first, second)).toBeLessThanOrEqual(0)
      }),
    )
    for (const [index, earlier] of fixtures.ascending.entries())
      for (const [other, later] of fixtures.ascending.entries())
        expect(format.compareVersions(earlier, later), `${earlier} ${later}`).toBe(Math.sign(index - other) + 0)
  })

  test('versions split once have the same order', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = format.compareParsed(format.parseVersion(a), format.parseVersion(b))
        expect(order).toBe(format.compareVersions(a, b))
        expect(Object.is(order, -0)).toBe(false)
      }),
    )
    // What no format allows is ordered all the same: nothing throws on an index of others.
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(format.compareVersions(a, b) + format.compareVersions(b, a)).toBe(0)
      }),
    )
  })

  test('relations between versions agree with their order', () => {
    const [earlier, atMost, equal, atLeast, later] = fixtures.operators
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = format.compareVersions(a, b)
        expect(format.satisfies(a, earlier, b)).toBe(order < 0)
        expect(format.satisfies(a, atMost, b)).toBe(order <= 0)
        expect(format.satisfies(a, equal, b)).toBe(order === 0)
        expect(format.satisfies(a, atLeast, b)).toBe(order >= 0)
        expect(format.satisfies(a, later, b)).toBe(order > 0)
      }),
    )
    expect(() => format.satisfies('1', '~=', '1')).toThrow(expect.objectContaining({ code: 'RELATION_MALFORMED' }))
  })

  test('dependency fields', () => {
    for (const [text, parsed] of fixtures.dependencies)
      expect(format.parseDependencies(text), JSON.stringify(text)).toEqual(parsed)
    for (const text of fixtures.malformedDependencies)
      expect(() => format.parseDependencies(text), JSON.stringify(text)).toThrow(
        expect.objectContaining({ code: 'RELATION_MALFORMED' }),
      )
  })

  test('a dependency field of any text is read or refused', () => {
    const word = fc.constantFrom(
      'a',
      'lib',
      '1',
      '.',
      '-',
      '(',
      ')',
      '<',
      '>',
      '=',
      '|',
      ',',
      ' ',
      '[',
      ']',
      ':',
      '!',
      '\0',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          try {
            format.parseDependencies(text)
          } catch (error) {
            expect(error).toMatchObject({ code: 'RELATION_MALFORMED' })
          }
        },
      ),
    )
  })
}
