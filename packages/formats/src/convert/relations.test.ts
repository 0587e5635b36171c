import { expect, test } from 'vitest'
import { parseDependencies } from '../deb/relation.ts'
import { debDepends, renamer, rpmRequires } from './relations.ts'
import { debVersionOf, rpmVersionInRelation, rpmVersionOf } from './version.ts'

test.each([
  ['1:2.3~rc1-4+b1', '1:2.3~rc1-4+b1', false],
  ['2.3', '2.3-0', false],
  ['2.3-beta-1', '2.3_beta-1', true],
])('the Debian version %s is %s in rpm', (deb, rpm, changed) => {
  expect(rpmVersionOf(deb)).toEqual({ text: rpm, changed })
})

test.each([
  ['1:2.3^git1-4.fc40', '1:2.3+git1-4.fc40', true],
  ['2.3', '2.3', false],
  ['r12_a-1', '0r12.a-1', true],
])('the rpm version %s is %s in Debian', (rpm, deb, changed) => {
  expect(debVersionOf(rpm)).toEqual({ text: deb, changed })
})

test('a version in a relation keeps having no release', () => {
  expect(rpmVersionInRelation('2.36')).toBe('2.36')
  expect(rpmVersionInRelation('2.36-0')).toBe('2.36-0')
  expect(rpmVersionInRelation('2.36-9')).toBe('2.36-9')
})

test('the table renames by name, then by the longest pattern', () => {
  const rename = renamer({ libc6: 'glibc', 'lib*': 'other', 'lib*-dev': 'devel', 'a*b*c': 'abc', gone: '' })
  expect(['libc6', 'libx', 'libx-dev', 'a1b2c', 'abc', 'acb', 'gone', 'x'].map(rename)).toEqual([
    'glibc',
    'other',
    'devel',
    'abc',
    'abc',
    undefined,
    '',
    undefined,
  ])
})

test('alternatives become rich dependencies, in the operators of rpm', () => {
  const notes: string[] = []
  const options = {
    table: { libc6: 'glibc', perl: '', 'mail-transport-agent': '/usr/sbin/sendmail' },
    notCarried: (what: string) => notes.push(what),
  }
  const text = 'libc6 (>= 2.36), a (<< 2-1) | b:any (>> 3), perl | c, exim4 | mail-transport-agent (= 1), d:arm64'
  expect(rpmRequires(parseDependencies(text), options)).toEqual([
    'glibc >= 2.36',
    '(a < 2-1 or b > 3)',
    '(exim4 or /usr/sbin/sendmail)',
    'd',
  ])
  expect(notes).toEqual(['d:arm64: rpm has no architecture qualifiers'])
})

test('capabilities become package names by the table; what has none is reported', () => {
  const notes: string[] = []
  const options = {
    table: { 'libc.so.6*': 'libc6', glibc: 'libc6', '/bin/sh': '' },
    notCarried: (what: string) => notes.push(what),
  }
  const clauses = debDepends(
    [
      [{ name: 'libc.so.6(GLIBC_2.34)(64bit)' }],
      [{ name: 'libc.so.6()(64bit)' }],
      [{ name: '/bin/sh' }],
      [
        { name: 'Foo_bar', operator: '<', version: '1^2-3' },
        { name: 'baz', operator: '=', version: '2' },
      ],
      [{ name: 'libz.so.1()(64bit)' }],
      [{ name: 'ab' }, { name: 'b', negated: true }],
    ],
    options,
  )
  expect(clauses).toEqual(['libc6', 'foo-bar (<< 1+2-3) | baz (= 2)', 'ab'])
  expect(notes).toEqual([
    'libz.so.1()(64bit): no package name here, and the table has none for it',
    'a condition on b: a Depends field holds alternatives alone',
  ])
})
