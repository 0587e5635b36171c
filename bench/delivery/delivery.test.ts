import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { starterOf } from './agent.ts'
import type { Deliverer } from './deliverer.ts'
import { keep } from './kept.ts'
import { differences, listTree } from './listing.ts'
import { reasonsFor } from './reasons.ts'
import { barsOf, type DeliveryRow, deliveryTable, rowOf } from './rows.ts'
import { damage } from './trees.ts'

const folder = mkdtempSync(join(tmpdir(), 'holotype-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a place alone is chosen by its name', () => {
  expect(readConfig({}).where).toEqual(['memory', 'disk'])
  expect(readConfig({ BENCH_WHERE: 'disk' }).where).toEqual(['disk'])
  expect(() => readConfig({ BENCH_WHERE: 'tape' })).toThrow('memory, disk')
})

test('the script that starts the agent is the installed one, for another executable', () => {
  const installed = readFileSync(join(import.meta.dirname, '../../packaging/agent/run-agent'), 'utf8')
  const script = starterOf(installed, '/elsewhere/holotype-agent')
  expect(script).toContain('\nagent=/elsewhere/holotype-agent\n')
  expect(script.replace('/elsewhere/', '/usr/bin/')).toBe(installed)
  expect(() => starterOf('#!/bin/sh\n', '/elsewhere')).toThrow('does not say once')
})

describe('what is kept', () => {
  test('is made once, and anew of something else', async () => {
    const made: string[] = []
    const keepFrom = (from: string, fails = false) =>
      keep(folder, { name: 'thing', from }, async (directory) => {
        made.push(from)
        if (fails) throw new Error('cut off')
        writeFileSync(join(directory, 'file'), from)
      })
    const first = await keepFrom('one')
    expect(await keepFrom('one')).toBe(first)
    await expect(keepFrom('two', true)).rejects.toThrow('cut off')
    const second = await keepFrom('two')
    expect(readFileSync(join(second, 'file'), 'utf8')).toBe('two')
    expect(existsSync(first)).toBe(false)
    expect(made).toEqual(['one', 'two', 'two'])
    expect(readdirSync(join(folder, 'kept'))).toHaveLength(1)
  })
})

describe('a tree', () => {
  const make = (name: string) => {
    const root = join(folder, name)
    mkdirSync(join(root, 'usr'), { recursive: true })
    writeFileSync(join(root, 'usr/a'), 'bytes')
    writeFileSync(join(root, 'usr/b'), 'bytes')
    symlinkSync('a', join(root, 'usr/link'))
    for (const path of ['usr/a', 'usr/b', 'usr', '']) utimesSync(join(root, path), 1000, 1000)
    return root
  }

  test('is compared by all that it holds', () => {
    const [one, other] = [make('one'), make('other')]
    expect(differences(listTree(one), listTree(other), { mtimes: false })).toEqual([])
    utimesSync(join(other, 'usr/a'), 1000, 2000)
    writeFileSync(join(other, 'usr/b'), 'bytez')
    utimesSync(join(other, 'usr/b'), 1000, 1000)
    writeFileSync(join(other, 'usr/c'), '')
    rmSync(join(other, 'usr/link'))
    utimesSync(join(other, 'usr'), 1000, 1000)
    const found = differences(listTree(one), listTree(other), { mtimes: true })
    expect(found.sort()).toEqual(['usr/a: mtime', 'usr/b: content', 'usr/c: too much', 'usr/link: missing'].sort())
    expect(differences(listTree(one), listTree(other), { mtimes: false })).not.toContain('usr/a: mtime')
  })

  test('is damaged so that size and mtime do not tell', () => {
    const root = make('damaged')
    const before = listTree(root)
    expect(damage(root)).toBe(1)
    expect(differences(before, listTree(root), { mtimes: true })).toEqual(['usr/a: content'])
  })
})

describe('the table', () => {
  const someone = (name: string, more: Partial<Deliverer> = {}): Deliverer => ({
    name,
    ours: name === 'holotype',
    verifies: true,
    steps: [],
    trees: { release: '', updates: '' },
    mtimes: true,
    who: () => name,
    prepare: () => Promise.resolve(),
    run: () => Promise.reject(new Error('not measured here')),
    rootOf: (target) => target,
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...more,
  })
  const delta = (name: string, seconds: number, wireBytes: number): DeliveryRow =>
    rowOf(someone(name), { step: 'delta', where: 'memory', syncs: 3 }, [
      { seconds, wireBytes, cpuSeconds: 1, serverSeconds: 0, peakBytes: 2 ** 20 },
    ])
  const rows = [delta('rsync', 2, 20e6), delta('ostree', 3, 15e6), delta('holotype', 1, 3e6)]

  test('has ours first, and the peers against it', () => {
    const lines = deliveryTable(rows).split('\n')
    expect(lines[2]).toContain('| holotype | 1.00 s |  |')
    expect(lines[3]).toContain('| rsync | 2.00 s | 2.00 × |')
    expect(lines[4]).toContain('| ostree | 3.00 s | 3.00 × |')
  })

  test('holds ours against the bars', () => {
    const ours = rows[2] ?? expect.fail()
    expect(barsOf(ours, rows)).toEqual([
      'the fastest, 2.00 s: met',
      'a fifth of rsync -z, 4.00 MB: met',
      '120 MiB: met',
    ])
    const slow = delta('holotype', 2.5, 5e6)
    expect(barsOf(slow, rows).slice(0, 2)).toEqual([
      'the fastest, 2.00 s: missed',
      'a fifth of rsync -z, 4.00 MB: missed',
    ])
    expect(barsOf(rows[0] ?? expect.fail(), rows)).toEqual([])
    const elsewhere = { ...slow, where: 'disk' } as const
    expect(barsOf(elsewhere, rows)).toEqual(['120 MiB: met'])
  })

  test('holds the first sync against those who verify alone', () => {
    const first = (name: string, seconds: number, verifies: boolean): DeliveryRow => ({
      ...delta(name, seconds, 0),
      step: 'first',
      verifies,
    })
    const all = [first('rsync', 1, false), first('ostree', 3, true), first('holotype', 2, true)]
    expect(barsOf(all[2] ?? expect.fail(), all)[0]).toBe('the fastest that verifies, 3.00 s: met')
    expect(reasonsFor(all).join('\n')).toContain('the fastest is, in memory, rsync: it ')
    expect(reasonsFor(all.slice(1))).toEqual([])
  })
})
