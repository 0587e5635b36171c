import { describe, expect, it } from 'vitest'
import { factChanges } from './details.ts'
import { VALUES_SHOWN } from './limits.ts'

describe('factChanges', () => {
  it('compares values as values and lists as sets', () => {
    const before = { same: 'x', value: 'a', gone: 'b', list: ['1', '2'], order: ['1', '2'] }
    const after = { same: 'x', value: 'A', come: 'c', list: ['2', '3'], order: ['2', '1'] }
    expect(factChanges(before, after)).toEqual([
      { name: 'value', before: 'a', after: 'A' },
      { name: 'gone', before: 'b' },
      { name: 'list', added: ['3'], removed: ['1'] },
      { name: 'come', after: 'c' },
    ])
  })

  it('counts what it does not name', () => {
    const many = Array.from({ length: VALUES_SHOWN + 5 }, (_, index) => String(index))
    expect(factChanges({}, { list: many })).toEqual([
      { name: 'list', added: many.slice(0, VALUES_SHOWN), removed: [], more: 5 },
    ])
  })
})
