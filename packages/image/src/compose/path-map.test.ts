import { compileGlobs, compareText } from '@holotype/base'
import { openStore } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapOf, type SyntheticPath } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { addParents, pathResolver, prune, removeBelow } from './path-map.ts'

const store = openStore(temporaryDirectory())
const resolve = (paths: Record<string, SyntheticPath>, path: string) => pathResolver(mapOf(store, paths)).resolve(path)

describe('where a path comes to lie', () => {
  test.each([
    ['bin/sh', 'usr/bin/sh'],
    ['lib/x/y', 'usr/lib/x/y'],
    ['var/run/lock/a', 'run/lock/a'],
    // The last part itself is not followed: that is what is placed.
    ['bin', 'bin'],
    ['two/steps/a', 'usr/bin/a'],
    // Links never lead out of the root.
    ['out/a', 'etc/a'],
    ['nowhere/at/all', 'nowhere/at/all'],
  ])('%s → %s', (path, place) => {
    const map = {
      'usr/bin': '/',
      'usr/lib': '/',
      bin: '-> usr/bin',
      lib: '-> /usr/lib',
      'var/run': '-> ../run',
      'two/steps': '-> ../bin',
      out: '-> ../../../etc',
    }
    expect(resolve(map, path)).toBe(place)
  })

  test.each([{ a: '-> b', b: '-> a' }, { a: '-> a/x' }, { a: '-> .', 'b/c': '-> ../b/c/d' }])(
    'a loop of links is told: %j',
    (paths) => {
      const loop = () => [resolve(paths, 'a/file'), resolve(paths, 'b/c/file')]
      expect(loop).toThrow(expect.objectContaining({ code: 'IMAGE_PATH_CONFLICT' }))
    },
  )

  test('a deep path is no loop', () => {
    const deep = Array.from({ length: 100 }, (_, index) => `d${index}`).join('/')
    expect(resolve({ d0: '-> e' }, `${deep}/file`)).toBe(`e${deep.slice(2)}/file`)
  })

  test('a link that is placed later counts from then on', () => {
    const map = mapOf(store, { e: '/' })
    const resolver = pathResolver(map)
    expect(resolver.resolve('a/b/c')).toBe('a/b/c')
    map.set('a', { entry: { type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0, target: 'e' }, owner: 'x' })
    resolver.forget('a')
    expect(resolver.resolve('a/b/c')).toBe('e/b/c')
  })
})

const NAMES = fc.constantFrom('a', 'b', 'c', 'a-b')
const PATHS = fc.uniqueArray(
  fc.array(NAMES, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  { maxLength: 12 },
)

/** Leaves at the paths that are no directory of another. */
const leaves = (paths: readonly string[]) =>
  Object.fromEntries(
    paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`))).map((path) => [path, 'x']),
  )

test('prune removes exactly what is named, and keeps what is needed above the rest', () => {
  fc.assert(
    fc.property(PATHS, fc.constantFrom('/a/**', '/**/b', '/a-b', '/**/c/**', '/**'), (paths, glob) => {
      const map = mapOf(store, leaves(paths))
      const before = [...map.keys()]
      const pruned = compileGlobs([glob])
      prune(map, pruned)
      const kept = [...map.keys()]
      const expected = before.filter(
        (path) =>
          path === '' ||
          !pruned(`/${path}`) ||
          before.some((other) => other.startsWith(`${path}/`) && !pruned(`/${other}`)),
      )
      expect(kept.sort(compareText)).toEqual(expected.sort(compareText))
    }),
  )
})

test('removeBelow takes a path and what lies in it, and no neighbour', () => {
  const map = mapOf(store, { 'a/b/c': 'x', 'a/b-c': 'x', 'a/bb/d': 'x' })
  removeBelow(map, 'a/b', { keepSelf: true })
  expect([...map.keys()].sort(compareText)).toEqual(['', 'a', 'a/b', 'a/b-c', 'a/bb', 'a/bb/d'])
  removeBelow(map, 'a/b', { keepSelf: false })
  expect(map.has('a/b')).toBe(false)
})

test('addParents makes what lacks, and nothing in a file', () => {
  const map = mapOf(store, { 'a/file': 'x' })
  addParents(map, 'a/b/c/d', 'spec')
  expect([...map].filter(([, { owner }]) => owner === 'spec').map(([path]) => path)).toEqual(['a/b/c', 'a/b'])
  expect(() => addParents(map, 'a/file/b/c', 'spec')).toThrow(/should lie in \/a\/file, which is no directory/)
})
