import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'
import { versionKey } from './version-key.ts'
import { versionArbitrary } from './testing.ts'

// No program of xbps is at hand: each row follows from a rule of the scheme, which is named.
test.each([
  ['1.0', '1.0', 0, 'the same'],
  ['1.0', '1.0_1', -1, 'no revision is revision 0'],
  ['1.0_0', '1.0', 0, 'revision 0 is none'],
  ['129', '129_1', -1, 'a revision decides between equal versions'],
  ['1.0_9', '1.0_10', -1, 'revisions are numbers'],
  ['1.0_9', '1.1_1', -1, 'the revision comes after all components'],
  ['1.0.1', '1.0_1', 1, 'a component more weighs more than a revision'],
  ['21', '2.1', 1, '21 against 2'],
  ['1', '1.0', 0, 'missing components are 0'],
  ['1.0', '1.0.0', 0, 'and a dot is one of them'],
  ['1.2', '1.10', -1, 'components are numbers'],
  ['1.02', '1.2', 0, 'leading zeros do not count'],
  ['2.0rc2', '2.0rc3', -1, 'the number after rc'],
  ['2.0rc3', '2.0', -1, 'rc is -1'],
  ['2.0pre3', '2.0rc3', 0, 'pre and rc are the same'],
  ['2.0beta9', '2.0rc1', -1, 'beta is -2'],
  ['2.0alpha9', '2.0beta1', -1, 'alpha is -3'],
  ['2.0ALPHA1', '2.0alpha1', 0, 'case does not matter'],
  ['1.0pl1', '1.0.1', 0, 'pl is 0 as a dot is'],
  ['1.0', '1.0a', -1, 'a letter is 0, then its place in the alphabet'],
  ['1.0a', '1.0b', -1, 'a is 1, b is 2'],
  ['1.0B', '1.0b', 0, 'letters have no case'],
  ['1.0a', '1.0.1', 0, 'a is a dot and a 1'],
  ['1.0p', '1.0.16', 0, 'a p alone is a letter'],
  ['1.0r1', '1.0rc1', 1, 'an r alone is a letter'],
  ['1.17_01_1', '1.17_1', 0, 'the last _ counts'],
  ['1.17_5_', '1.17', 0, 'the last _ with no number is revision 0'],
  ['1_5a', '1a_5', 0, 'what follows a revision goes on as components'],
  ['1+2', '1~2', 0, 'other characters say nothing'],
  ['1+2', '12', -1, 'but end a number'],
  ['20240101.123456', '20240101.12345', 1, 'dates'],
  ['2147483648', '1', 1, 'beyond an int: xbps wraps round here, we go on'],
  ['99999999999999999998', '99999999999999999999', -1, 'beyond what a double holds exactly'],
  ['9007199254740993', '9007199254740992', 1, 'one beyond 2^53'],
  ['9007199254740991', '9007199254740991.0', 0, '2^53-1 is itself'],
  ['1_99999999999999999999', '1_99999999999999999998', 1, 'revisions likewise'],
  ['', '0', 0, 'nothing is 0'],
  ['rc', '', -1, 'rc alone is below nothing'],
] as const satisfies readonly (readonly [string, string, -1 | 0 | 1, string])[])(
  '%s to %s is %i: %s',
  (a, b, order, _rule) => {
    expect(compareVersions(a, b)).toBe(order)
    expect(compareVersions(b, a)).toBe(order === 0 ? 0 : -order)
    expect(compareParsed(parseVersion(a), parseVersion(b))).toBe(order)
  },
)

test('the parts of a version', () => {
  expect(parseVersion('1.2_3')).toEqual({ epoch: 0, upstream: '1.2', revision: '3' })
  expect(parseVersion('1.17_01_1')).toEqual({ epoch: 0, upstream: '1.17_01', revision: '1' })
  expect(parseVersion('1.2')).toEqual({ epoch: 0, upstream: '1.2', revision: '' })
  expect(parseVersion('1_5a')).toEqual({ epoch: 0, upstream: '1_5a', revision: '' })
})

describe('the key of a version', () => {
  const order = (a: string, b: string) => {
    const [x, y] = [versionKey(a), versionKey(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }

  test('has the order of the version as text', () => {
    const version = versionArbitrary(fc)
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(order(a, b)).toBe(compareVersions(a, b))
      }),
      { numRuns: 2000 },
    )
  })

  test('of numbers and runs of zeros beyond a step', () => {
    const long = [
      '1',
      `1${'.'.repeat(70)}1`,
      `1${'.'.repeat(63)}1`,
      `1${'.'.repeat(70)}rc`,
      `1${'0'.repeat(200)}`,
      '1.1',
    ]
    for (const a of long) for (const b of long) expect(order(a, b), `${a} ${b}`).toBe(compareVersions(a, b))
  })
})

test.each([
  ['1.0_1', '=', '1.0_1', true],
  ['1.0_1', '=', '1.0_2', false],
  ['1.2_1', '=', '[0-9]*', true],
  ['1.2_1', '=', '1.[0-1]*', false],
  ['1.02', '=', '1.0[!0-1]', true],
  ['1.0_1', '>=', '1.0', true],
  // Brackets say nothing to dewey: this is 1, 0, 0, 2, 2, 4.
  ['1.02', '>=', '1.[0-2][2-4]?', true],
] as const)('%s %s %s: %j', (version, operator, wanted, holds) => {
  expect(satisfies(version, operator, wanted)).toBe(holds)
})
