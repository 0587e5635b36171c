import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { painter } from './colour.ts'
import { formatBytes, formatDuration } from './quantities.ts'
import { renderPairs, renderTable } from './table.ts'
import { displayWidth, pad, truncate } from './width.ts'

const plain = painter(false)
const colour = painter(true)

describe('quantities', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.50 KiB'],
    [1023.9 * 1024, '1.00 MiB'],
    [12_900_000, '12.3 MiB'],
    [-4 * 1024 ** 3, '-4.00 GiB'],
    [3 * 1024 ** 5, '3.00 PiB'],
  ])('%d bytes', (bytes, shown) => expect(formatBytes(bytes)).toBe(shown))

  test.each([
    [0, '0 ms'],
    [350.4, '350 ms'],
    [999.6, '1.0 s'],
    [4_249, '4.2 s'],
    [59_960, '1 m 00 s'],
    [65_000, '1 m 05 s'],
    [3_599_600, '1 h 00 m'],
    [12_000_000, '3 h 20 m'],
    [86_399_999, '1 d 00 h'],
    [187_200_000, '2 d 04 h'],
  ])('%d ms', (ms, shown) => expect(formatDuration(ms)).toBe(shown))

  test('a size never takes more than three digits below the largest unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        expect(formatBytes(bytes).replace(/[^0-9]/g, '').length).toBeLessThanOrEqual(3)
      }),
    )
  })
})

describe('width', () => {
  test.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    [colour.red('abc'), 3],
    ['━─✓·…', 5],
  ])('%j', (text, width) => expect(displayWidth(text)).toBe(width))

  test('a truncated text fits, and is whole where it fitted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, columns) => {
        const cut = truncate(text, columns)
        expect(displayWidth(cut)).toBeLessThanOrEqual(columns)
        if (displayWidth(text) <= columns) expect(cut).toBe(text)
      }),
    )
  })

  test('filling', () => {
    expect(pad('日', 4)).toBe('日  ')
    expect(pad('12', 4, 'right')).toBe('  12')
    expect(pad('long', 2)).toBe('long')
  })
})

describe('painter', () => {
  test('off leaves text alone, on wraps it and nests', () => {
    expect(plain.red('x')).toBe('x')
    expect(colour.bold(`a${colour.red('b')}`)).toBe('\u001b[1ma\u001b[31mb\u001b[39m\u001b[22m')
    expect(colour.red('')).toBe('')
  })
})

describe('tables', () => {
  const columns = [{ title: 'NODE' }, { title: 'FILES', align: 'right' }, { title: 'NOTE' }] as const

  test('align, gap, no trailing spaces', () => {
    expect(
      renderTable(columns, [
        ['web-1', '7', ''],
        ['web-1000', '12345', 'a\nb'],
      ]),
    ).toBe('NODE      FILES  NOTE\nweb-1         7\nweb-1000  12345  a b\n')
  })

  test('no rows, no table', () => expect(renderTable(columns, [])).toBe(''))

  test('every line fits the width, down to what columns keep at least, coloured or not', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1 }),
        fc.integer({ min: 28, max: 100 }),
        (rows, width) => {
          const painted = rows.map((row) => row.map((text) => ({ text, paint: colour.green })))
          const table = renderTable(columns, painted, { width, paint: colour })
          for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })

  test('colour changes no column', () => {
    const rows = [['web-1', '7', 'ok']]
    const painted = rows.map((row) => row.map((text) => ({ text, paint: colour.green })))
    expect(stripVTControlCharacters(renderTable(columns, painted, { paint: colour }))).toBe(renderTable(columns, rows))
  })

  test('pairs', () => {
    expect(
      renderPairs([
        ['image', 'web'],
        ['kernel', '6.1'],
      ]),
    ).toBe('image   web\nkernel  6.1\n')
  })
})
