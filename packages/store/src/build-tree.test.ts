import { join } from 'node:path'
import { compareText, digestOf } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BuiltDirectories, buildTree } from './build-tree.ts'
import { openStore } from './store.ts'
import { pathsArbitrary } from './testing/arbitrary.ts'
import { temporaryDirectory } from './testing/temporary.ts'
import type { EntryInput, PathInput, Store } from './types.ts'
import { lookup, objectsOf, walkTree } from './walk.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
const folder: EntryInput = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }
const file: EntryInput = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, digest: digestOf('x'), size: 1 }

/** Path order: part by part, so that `a/b` comes before `a.b`. */
function inPathOrder(a: PathInput, b: PathInput): number {
  return compareText(a.path.replaceAll('/', '\0'), b.path.replaceAll('/', '\0'))
}

describe('buildTree', () => {
  it('is the same with and without what was stored of other lists, whatever changed', () => {
    const lists = fc.array(fc.tuple(pathsArbitrary, fc.nat(), fc.constantFrom('drop', 'touch', 'keep')), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(lists, (made) => {
        const before: BuiltDirectories = new Map()
        for (const [list, at, how] of made) {
          expect(buildTree(store, list, before)).toEqual(buildTree(store, list))
          // The same objects but for one.
          const leaf = list.filter(({ entry }) => entry.type !== 'directory')[at % list.length]
          const next = list.flatMap((input) =>
            input !== leaf || how === 'keep'
              ? [input]
              : how === 'drop'
                ? []
                : [{ ...input, entry: { ...input.entry, mtime: input.entry.mtime + 1 } }],
          )
          expect(buildTree(store, next, before)).toEqual(buildTree(store, next))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('does not store again what did not change', () => {
    const before: BuiltDirectories = new Map()
    let stored = 0
    const counting: Store = { ...store, putTree: (entries) => (stored++, store.putTree(entries)) }
    const list = [
      { path: 'a', entry: folder },
      { path: 'a/b', entry: { ...folder } },
      { path: 'a/b/c', entry: file },
      { path: 'd', entry: { ...folder } },
    ]
    buildTree(counting, list, before)
    expect(stored).toBe(4)
    buildTree(counting, list.toReversed(), before)
    expect(stored).toBe(4)
    buildTree(counting, [...list, { path: 'd/e', entry: file }], before)
    expect(stored).toBe(6)
  })

  it('walks back to the list it was built from, in path order, whatever the order given', () => {
    fc.assert(
      fc.property(
        pathsArbitrary.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          const root = buildTree(store, shuffled)
          const walked = [...walkTree(store, root.digest)]
          const wanted = [...list].sort(inPathOrder)
          expect(walked.map(({ path }) => path)).toEqual(wanted.map(({ path }) => path))
          for (const [index, { path, entry }] of walked.entries()) {
            const { xattrs, ...rest } = { xattrs: undefined, ...wanted[index]?.entry }
            const given = xattrs && Object.keys(xattrs).length > 0 ? { ...rest, xattrs } : rest
            expect(entry).toMatchObject(given)
            expect(lookup(store, root.digest, path)).toEqual(entry)
          }
          expect(root.stats.files + root.stats.directories).toBe(list.length)
          expect(buildTree(store, list).digest).toBe(root.digest)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a missing parent', [{ path: 'a/b', entry: file }]],
    [
      'a parent that is a file',
      [
        { path: 'a', entry: file },
        { path: 'a/b', entry: file },
      ],
    ],
    [
      'a file twice',
      [
        { path: 'a', entry: file },
        { path: 'a', entry: file },
      ],
    ],
    [
      'a directory twice',
      [
        { path: 'a', entry: folder },
        { path: 'a', entry: folder },
      ],
    ],
    [
      'a file and a directory of one name',
      [
        { path: 'a', entry: folder },
        { path: 'a', entry: file },
      ],
    ],
    ['an absolute path', [{ path: '/a', entry: file }]],
    [
      'a way out',
      [
        { path: 'a', entry: folder },
        { path: 'a/..', entry: folder },
        { path: 'a/../b', entry: file },
      ],
    ],
    [
      'an empty part',
      [
        { path: 'a', entry: folder },
        { path: 'a//b', entry: file },
      ],
    ],
    ["a file in the root's place", [{ path: '', entry: file }]],
  ])('refuses %s', (_, inputs) => {
    expect(() => buildTree(store, inputs)).toThrow(expect.objectContaining({ code: 'TREE_INVALID' }))
  })

  it('refuses a tree deeper than its limit', () => {
    const deep = Array.from({ length: 600 }, (_, index) => ({
      path: Array(index + 1)
        .fill('d')
        .join('/'),
      entry: folder,
    }))
    expect(() => buildTree(store, deep)).toThrow(expect.objectContaining({ code: 'TREE_INVALID' }))
  })

  it('builds 25,000 paths in time that grows with them', () => {
    const inputs: PathInput[] = []
    for (let top = 0; top < 25; top++) {
      inputs.push({ path: `d${top}`, entry: folder })
      for (let sub = 0; sub < 100; sub++) {
        inputs.push({ path: `d${top}/s${sub}`, entry: folder })
        for (let leaf = 0; leaf < 9; leaf++)
          inputs.push({ path: `d${top}/s${sub}/f${leaf}`, entry: { ...file, mtime: sub * 9 + leaf, uid: top } })
      }
    }
    const start = process.cpuUsage()
    const { stats } = buildTree(store, inputs)
    const { user } = process.cpuUsage(start)
    expect(stats).toMatchObject({ files: 22_500, directories: 2_525, bytes: 22_500 })
    // Half a second; an accidental square takes far more.
    expect(user).toBeLessThan(4_000_000)
  })
})

describe('objectsOf', () => {
  it('gives every tree and blob once, a tree before what it holds', () => {
    const blob = store.put(Buffer.from('one'))
    const other = store.put(Buffer.from('two'))
    const root = buildTree(store, [
      { path: 'a', entry: folder },
      { path: 'a/x', entry: { ...file, digest: other } },
      { path: 'b', entry: folder },
      { path: 'b/x', entry: { ...file, digest: other } },
      { path: 'c', entry: { ...file, digest: blob } },
      { path: 'd', entry: { ...file, digest: blob } },
    ])
    const a = lookup(store, root.digest, 'a')
    expect([...objectsOf(store, root.digest)]).toEqual([root.digest, a?.type === 'directory' && a.tree, other, blob])
  })
})

it('lookup finds nothing below a file, nor with a leading or trailing slash', () => {
  const root = buildTree(store, [
    { path: 'a', entry: folder },
    { path: 'a/x', entry: file },
  ])
  expect(lookup(store, root.digest, 'a/x')).toMatchObject({ type: 'file', name: 'x' })
  for (const path of ['', '/a', 'a/', 'a/x/y', 'a/y', 'constructor'])
    expect(lookup(store, root.digest, path)).toBe(undefined)
})
