import { expect, test } from 'vitest'
import { parseDependencies, parseRelation, renderRelation } from './relation.ts'

test('each form of a relation', () => {
  expect(parseDependencies(' glibc  sh>=1:2.36-1\nlibssl.so=3-64 a<2 b<=2 c>2 perl(Foo::Bar) ')).toEqual([
    [{ name: 'glibc' }],
    [{ name: 'sh', operator: '>=', version: '1:2.36-1' }],
    [{ name: 'libssl.so', operator: '=', version: '3-64' }],
    [{ name: 'a', operator: '<', version: '2' }],
    [{ name: 'b', operator: '<=', version: '2' }],
    [{ name: 'c', operator: '>', version: '2' }],
    [{ name: 'perl(Foo::Bar)' }],
  ])
  expect(parseDependencies('')).toEqual([])
})

test('the reason of an optional dependency is passed over', () => {
  expect(parseRelation('python>=3: for the scripts')).toEqual({ name: 'python', operator: '>=', version: '3' })
  expect(parseRelation('lib:libfoo.so.1')).toEqual({ name: 'lib:libfoo.so.1' })
})

test('what is written is what was read', () => {
  for (const text of ['glibc', 'a>=1:2-3', 'libz.so=1-64', 'b<1'])
    expect(renderRelation(parseRelation(text))).toBe(text)
})

test('the same text gives the same list, which an index shares', () => {
  const cache = new Map()
  const [a, b] = parseDependencies('glibc>=2 glibc>=2', cache)
  expect(a).toBe(b)
})

test.each(['>=1', 'a>=', 'a>', 'a==1', 'a<>1', 'a=<1', '=', 'a =1 b'])('%s is refused', (text) => {
  expect(() => parseDependencies(text)).toThrow(expect.objectContaining({ code: 'RELATION_MALFORMED' }))
})
