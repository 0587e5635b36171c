import { lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Inside, openStatCache } from './stat-cache.ts'

let state: string
const LATER = Date.now() + 1e9

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'holotype-agent-'))
})
afterEach(() => {
  rmSync(state, { recursive: true, force: true })
})

/** Lone surrogates stand for bytes that are not UTF-8: two such names are two names. */
const path = fc.oneof(
  fc.constantFrom('/', '/a', '/a/\udc80', '/a/\udc81', '/a/\ufffd'),
  fc.nat(300).map((n) => `/many/${n}`),
)
const inside: fc.Arbitrary<Inside> = fc.record(
  { digest: fc.nat(5).map((n) => digestOf(`${n}`)), xattrs: fc.nat(2).map((n) => digestOf(`x${n}`)) },
  { requiredKeys: [] },
)

test('gives back what was learnt, also by a later run, and forgets what nobody asked for', () => {
  const stat = lstatSync(state)
  fc.assert(
    fc.property(fc.array(fc.tuple(path, inside), { maxLength: 400 }), fc.func(fc.boolean()), (facts, asks) => {
      rmSync(join(state, 'stat-cache'), { force: true })
      const model = new Map(facts)
      const first = openStatCache(state)
      for (const [name, what] of facts) first.set(name, stat, what, LATER)
      for (const [name, what] of model) expect(first.get(name, stat)).toEqual(what)
      first.save()
      const second = openStatCache(state)
      const digests = new Set([...model.values()].map(({ digest }) => digest))
      for (const n of [0, 1, 2, 3, 4, 5, 6]) {
        const digest = digestOf(`${n}`)
        expect(second.knows(digest)).toBe(digests.has(digest))
      }
      const asked = [...model.keys()].filter((name) => asks(name))
      for (const name of asked) expect(second.get(name, stat)).toEqual(model.get(name))
      second.save()
      const third = openStatCache(state)
      for (const [name, what] of model) expect(third.get(name, stat)).toEqual(asked.includes(name) ? what : undefined)
    }),
    { numRuns: 30 },
  )
})

test('says where bytes lie that were used or learnt, with the attributes that are learnt later', () => {
  const stat = lstatSync(state)
  const [one, two, mark] = [digestOf('1'), digestOf('2'), digestOf('mark')]
  const first = openStatCache(state)
  for (const [name, digest] of [
    ['/one', one],
    ['/two', two],
    ['/\udc80', two],
  ] as const)
    expect(first.set(name, stat, { digest }, LATER)).toBe(true)
  expect(first.set('/late', stat, { digest: one }, stat.ctimeMs)).toBe(false)
  first.setXattrs('/one', mark)
  first.setXattrs('/late', mark)
  expect(first.pathsOf(new Set([one, two, mark]))).toEqual(
    new Map([
      [one, '/one'],
      [two, '/two'],
    ]),
  )
  first.save()
  const second = openStatCache(state)
  expect(second.pathsOf(new Set([one, two]))).toEqual(new Map())
  expect(second.get('/one', stat)).toEqual({ digest: one, xattrs: mark })
  expect(second.pathsOf(new Set([one, two]))).toEqual(new Map([[one, '/one']]))
})

test('does not know a path whose stat is another, or that changed just before it was learnt', () => {
  const [stat, file] = [lstatSync(state), join(state, 'file')]
  writeFileSync(file, 'bytes')
  const cache = openStatCache(state)
  cache.set('/a', stat, {}, LATER)
  expect(cache.get('/a', stat)).toEqual({})
  expect(cache.get('/a', lstatSync(file))).toBeUndefined()
  cache.set('/b', stat, {}, stat.ctimeMs + 1)
  expect(cache.get('/b', stat)).toBeUndefined()
})

test('knows a whole look by its key, with every path and what it was', () => {
  const stat = lstatSync(state)
  const [key, other] = [digestOf('key'), digestOf('other')]
  const pathsOf = (wanted = key) => {
    const paths: string[] = []
    const whole = openStatCache(state).isWhole(wanted, (name, known) => {
      paths.push(`${name} ${known.isSame(stat)} ${known.inside().digest}`)
      return true
    })
    return whole ? paths : undefined
  }
  const cache = openStatCache(state)
  const names = ['/', '/a', '/ä', ...Array.from({ length: 200 }, (_, n) => `/many/${'long '.repeat(n % 30)}${n}`)]
  for (const name of [...names, '/gone']) cache.set(name, stat, { digest: digestOf(name) }, LATER)
  cache.save({ key, paths: names.length })
  expect(pathsOf()).toBeUndefined()
  cache.forget('/gone')
  cache.save({ key, paths: names.length })
  expect(pathsOf(other)).toBeUndefined()
  expect(pathsOf()).toEqual(names.map((name) => `${name} true ${digestOf(name)}`))
  expect(openStatCache(state).isWhole(key, (name) => name !== '/ä')).toBe(false)

  const later = openStatCache(state)
  for (const name of names) later.get(name, stat)
  later.set('/new', stat, {}, LATER)
  later.save({ key: other, paths: names.length + 1 })
  expect(pathsOf()).toBeUndefined()
  expect(pathsOf(other)).toHaveLength(names.length + 1)
  const last = openStatCache(state)
  last.set('/\udc80', stat, {}, LATER)
  for (const name of [...names, '/new']) last.get(name, stat)
  last.save({ key, paths: names.length + 2 })
  expect(pathsOf()).toBeUndefined()
})

test('that is damaged in any byte, or cut, is empty', () => {
  const [stat, file] = [lstatSync(state), join(state, 'stat-cache')]
  const cache = openStatCache(state)
  for (const name of ['/a', '/b', '/c']) cache.set(name, stat, { digest: digestOf(name) }, LATER)
  cache.save()
  const whole = readFileSync(file)
  const known = () => ['/a', '/b', '/c'].filter((name) => openStatCache(state).get(name, stat)).length
  expect(known()).toBe(3)
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    writeFileSync(file, damaged)
    expect(known()).toBe(0)
    writeFileSync(file, whole.subarray(0, at))
    expect(known()).toBe(0)
  }
})
