import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf } from '@holotype/base'
import { openStore, type Store } from '@holotype/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addName, namesOf, resolveName } from './names.ts'

let place = ''
let store: Store
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-names-'))
  store = openStore(place)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const [one, two, three] = [digestOf('1'), digestOf('2'), digestOf('3')]
const made = (name: string, ...digests: Digest[]) => {
  for (const digest of digests) addName(store, 'images', { name, digest })
}
const resolve = (text: string, names = ['web', 'db']) => resolveName(store, 'images', { text, names })

describe('the names of what was made here', () => {
  test('are lists, the newest last, each digest once', () => {
    made('web', one, two)
    expect(namesOf(store, 'images', 'web')).toEqual([one, two])
    made('web', one)
    expect(namesOf(store, 'images', 'web')).toEqual([two, one])
    expect(namesOf(store, 'diffs', 'web')).toEqual([])
  })

  test('mean the newest, or with ~N those before', () => {
    made('web', one, two, three)
    expect(resolve('web')).toBe(three)
    expect(resolve('web~0')).toBe(three)
    expect(resolve('web~2')).toBe(one)
    expect(() => resolve('web~3')).toThrow('web was not made 4 times here')
    expect(() => resolve('db')).toThrow('db was never made here')
  })

  test('may be digests, whole or begun', () => {
    made('web', one)
    made('db', two)
    expect(resolve(three)).toBe(three)
    expect(resolve(one.slice(7, 15))).toBe(one)
    expect(resolve(two.slice(0, 20))).toBe(two)
    expect(() => resolve(one.slice(7, 14))).toThrow(`nothing here is called ${one.slice(7, 14)}`)
    expect(() => resolve(three.slice(7, 19))).toThrow('nothing here is called')
  })

  test('that fit two digests are refused', () => {
    const twins: Digest[] = [`sha256:${'ab'.repeat(32)}`, `sha256:${'ab'.repeat(31)}cd`]
    made('web', ...twins)
    expect(() => resolve('abababab')).toThrow('abababab is the beginning of 2 digests')
    expect(resolve(`${'ab'.repeat(31)}c`)).toBe(twins[1])
  })

  test('of one thing that has two names are one', () => {
    made('web', one)
    made('db', one)
    expect(resolve(one.slice(7, 19))).toBe(one)
  })

  test('that look like a digest are names first', () => {
    made('deadbeef', one)
    expect(resolve('deadbeef', ['deadbeef'])).toBe(one)
  })
})
