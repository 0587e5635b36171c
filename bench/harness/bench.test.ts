import { describe, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { figureOf, rowOf } from './figures.ts'
import { markdownTable, replaceBlock } from './table.ts'

test('a figure is the median with least and most', () => {
  expect(figureOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
  expect(() => figureOf([])).toThrow('nothing was measured')
})

test('a row leaves out what a round lacks', () => {
  const row = rowOf({ task: 't', who: 'holotype' }, [
    { seconds: 1, peakBytes: 5, cpuSeconds: 1 },
    { seconds: 2, peakBytes: 7 },
  ])
  expect(row).toEqual({
    task: 't',
    who: 'holotype',
    seconds: { median: 2, least: 1, most: 2 },
    peakBytes: { median: 7, least: 5, most: 7 },
  })
})

describe('the table', () => {
  const ours = rowOf({ task: 'sync', who: 'holotype-agent', bar: 5 }, [{ seconds: 2 }])
  const peer = rowOf({ task: 'sync', who: 'rsync' }, [{ seconds: 3, fetchedBytes: 2048 }])

  test('compares the peers with the first, ours, in the same task, and us with the bar', () => {
    const lines = markdownTable([ours, peer]).split('\n')
    expect(lines[2]).toBe('| sync | holotype-agent | 2.0 s |  |  |  |  | 5.0 s: met |')
    expect(lines[3]).toContain('| 1.50 × |')
    expect(markdownTable([{ ...ours, bar: 1 }])).toContain('missed')
  })

  test('goes between the marks, and only there', () => {
    const text = replaceBlock(
      'a\n<!-- bench: written by the harness, BENCH_README=1 make bench -->\nold\n<!-- bench: end -->\nz\n',
      'new',
    )
    expect(text).toBe(
      'a\n<!-- bench: written by the harness, BENCH_README=1 make bench -->\nnew\n<!-- bench: end -->\nz\n',
    )
    expect(() => replaceBlock('no marks', 'new')).toThrow('marks')
  })
})

test('the number of rounds is checked', () => {
  expect(readConfig({}).rounds).toBe(3)
  expect(() => readConfig({ BENCH_ROUNDS: '0' })).toThrow('BENCH_ROUNDS')
})
