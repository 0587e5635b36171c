import fc from 'fast-check'
import { expect, test } from 'vitest'
import { topicsOf, touches } from './api/ticks.ts'
import { problemOf } from './api/problem.ts'
import { bootSearch, fleetSearch, parseSearch, reviewSearch, stringifySearch } from './search.ts'
import { isInternal } from './ui/internal-link.tsx'

test('what is written to the address is read back', () => {
  const words = fc.dictionary(
    fc.constantFrom('q', 'sort', 'sel', 'group'),
    fc.string({ minLength: 1, unit: 'grapheme' }),
  )
  fc.assert(
    fc.property(words, (search) => {
      expect(parseSearch(stringifySearch(search))).toEqual({ ...search })
    }),
  )
  expect(stringifySearch({ q: undefined, sort: '' })).toBe('')
})

test('what cannot be read from the address is left out', () => {
  expect(reviewSearch({ risk: 'huge', kind: 'all', left: 'yes', q: 7 })).toEqual({})
  expect(reviewSearch({ risk: 'high', kind: 'files', left: '1', item: 'f:/x' })).toEqual({
    risk: 'high',
    kind: 'files',
    left: '1',
    item: 'f:/x',
  })
  expect(reviewSearch({ kind: 'privileges' }).kind).toBe('privileges')
  expect(bootSearch({ from: 7, view: 'graph', unit: 'nginx.service' })).toEqual({ unit: 'nginx.service' })
  expect(bootSearch({ view: 'table' }).view).toBe('table')
  expect(fleetSearch({ view: 'globe', q: 'x'.repeat(5_000) }).q).toHaveLength(400)
})

test('addresses from the server stay in the console', () => {
  expect(['/nodes/1', '/', '/nodes?q=a'].map(isInternal)).toEqual([true, true, true])
  expect(
    [
      '//elsewhere.example/',
      'javascript:alert(1)',
      'https://elsewhere.example/',
      '/\\elsewhere.example',
      '',
      'nodes',
    ].map(isInternal),
  ).toEqual([false, false, false, false, false, false])
})

test('a tick names topics; one that cannot be read means everything', () => {
  expect(topicsOf('{"topics":["nodes"]}')).toEqual(['nodes'])
  expect(topicsOf('{"topics":[1]}')).toBeUndefined()
  expect(topicsOf('not json')).toBeUndefined()
  const touched = (topic: string): readonly string[] =>
    ['status', 'nodes', 'rollouts', 'images', 'diffs', 'audit'].filter((first) => touches(new Set([topic]), first))
  expect(touched('diffs')).toEqual(['status', 'diffs', 'audit'])
  expect(touched('nodes')).toEqual(['status', 'nodes', 'rollouts', 'audit'])
  expect(touched('*')).toHaveLength(6)
  expect(touched('something-new')).toHaveLength(6)
})

test('an error body that is no problem document still says what is known', () => {
  expect(problemOf(502, '<html>')).toMatchObject({ code: 'CONSOLE_BAD_ANSWER', status: 502 })
  expect(problemOf(404, null).code).toBe('CONSOLE_NOT_FOUND')
  expect(problemOf(409, { code: 'X', detail: 'd', hint: 3 })).toMatchObject({ code: 'X', detail: 'd', hint: '' })
})
