import { expect, test } from 'vitest'
import type { Relation } from '../types.ts'
import { splitPkgver } from './pkgver.ts'
import { parseDependencies, parsePattern, renderPattern } from './relation.ts'
import { satisfies } from './version.ts'

test.each([
  ['foo', { name: 'foo' }, 'a name alone'],
  ['foo-bar', { name: 'foo-bar' }, 'a dash in a name'],
  ['foo-1.2', { name: 'foo-1.2' }, 'without a revision it is a name'],
  ['foo-1.2_1', { name: 'foo', operator: '=', version: '1.2_1' }, 'exactly this'],
  ['foo-blah-100dpi-21_0', { name: 'foo-blah-100dpi', operator: '=', version: '21_0' }, 'split at the last dash'],
  ['perl-Digest-1.17_01_1', { name: 'perl-Digest', operator: '=', version: '1.17_01_1' }, 'two underscores'],
  ['foo-bar_1', { name: 'foo-bar_1' }, 'no digit before the underscore'],
  ['awk-0_1', { name: 'awk', operator: '=', version: '0_1' }, 'a virtual package'],
  ['foo>=1.2', { name: 'foo', operator: '>=', version: '1.2' }, 'at least'],
  ['foo>=0', { name: 'foo', operator: '>=', version: '0' }, 'any version, as conflicts write it'],
  ['gtk+3<3.24_2', { name: 'gtk+3', operator: '<', version: '3.24_2' }, 'before'],
  [
    'foo>1<=2',
    { name: 'foo', operator: '>', version: '1', with: [{ name: 'foo', operator: '<=', version: '2' }] },
    'a range',
  ],
  ['foo-[0-9]*', { name: 'foo' }, 'any version'],
  ['foo-1.[0-9]*', { name: 'foo', operator: '=', version: '1.[0-9]*' }, 'a glob'],
  ['foo>=1.[0-2][2-4]?', { name: 'foo', operator: '>=', version: '1.[0-2][2-4]?' }, 'an order with a glob is an order'],
] as const satisfies readonly (readonly [string, Relation, string])[])('%s: %j, %s', (pattern, relation) => {
  expect(parsePattern(pattern)).toEqual(relation)
  if (pattern !== 'foo-[0-9]*') expect(renderPattern(relation)).toBe(pattern)
})

test.each([
  '>=1',
  'foo>',
  'foo>=',
  'foo<2>1',
  'foo>=1<2<3',
  'foo==1',
  'foo>=1=2',
  '*',
  'a b-[0-9]*',
  '../x',
  'foo/bar',
  '.foo',
  'ä',
])('%s is refused', (pattern) => {
  expect(() => parsePattern(pattern)).toThrow(expect.objectContaining({ code: 'RELATION_MALFORMED' }))
})

test('a list is separated by blanks', () => {
  expect(parseDependencies(' foo>=1.0\tblah<2.1 \n bar ')).toEqual([
    [{ name: 'foo', operator: '>=', version: '1.0' }],
    [{ name: 'blah', operator: '<', version: '2.1' }],
    [{ name: 'bar' }],
  ])
  expect(parseDependencies('')).toEqual([])
})

// Does this package match this pattern, by the rules of dewey and fnmatch?
test.each([
  ['foo-1.0_1', 'foo>=0', true],
  ['foo-1.0_1', 'foo>=1.0', true],
  ['foo-1.0_1', 'foo>=1.0<1.0_2', true],
  ['foo-1.0_2', 'foo>=1.0<1.0_2', false],
  ['foo-1.0_1', 'foo>1.0_1', false],
  ['foo-1.0_1', 'foo<1.0', false],
  ['foo-1.0_1', 'foo-1.0_1', true],
  ['foo-1.0_1', 'foo-[0-1].[0-9]*', true],
  ['foo-1.0_1', 'foo-[1-2].[1-9]*', false],
  ['foo-1.01_1', 'foo-1.[0-9]?_1', true],
  ['foo-1.01_1', 'foo-1.[1-9]?_1', false],
  ['foo-1.02_1', 'foo>=1.[0-2][2-4]?', true],
  ['foo-bar-1.0_1', 'foo-[0-9]*', false],
] as const)('%s, %s: %j', (pkgver, pattern, matches) => {
  const { name = '', version = '' } = splitPkgver(pkgver) ?? {}
  const relation = parsePattern(pattern)
  const holds = (wanted: Relation): boolean =>
    wanted.name === name &&
    (wanted.operator === undefined || satisfies(version, wanted.operator, wanted.version ?? '')) &&
    (wanted.with ?? []).every(holds)
  expect(holds(relation)).toBe(matches)
})
