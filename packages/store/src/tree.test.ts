import { canonicalJson, digestOf, isErrorCode } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { namedLeafArbitrary } from './testing/arbitrary.ts'
import { encodeTree, isName, parseTree } from './tree.ts'
import type { Entry } from './types.ts'

const file: Entry = { type: 'file', name: 'f', mode: 0o644, uid: 0, gid: 0, mtime: 9, digest: digestOf('x'), size: 1 }

/** Leaves and a directory, no name twice. */
const entries = fc
  .uniqueArray(namedLeafArbitrary, { selector: (entry) => entry.name, maxLength: 8 })
  .map((leaves): Entry[] => {
    const below = encodeTree(leaves)
    const directory = { type: 'directory' as const, name: '~d', mode: 0o755, uid: 0, gid: 0, mtime: 1 }
    return [...leaves, { ...directory, tree: digestOf(below.bytes), stats: below.stats }]
  })

function refused(value: unknown): boolean {
  try {
    parseTree(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
    return false
  } catch (error) {
    return isErrorCode(error, 'TREE_INVALID')
  }
}

describe('encodeTree', () => {
  it('writes what canonicalJson writes', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const { bytes } = encodeTree(list)
        expect(bytes.toString()).toBe(canonicalJson(parseTree(bytes)))
      }),
    )
  })

  it('gives the same bytes for any order', () => {
    fc.assert(
      fc.property(
        entries.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([a, b]) => {
          expect(encodeTree(b).bytes.equals(encodeTree(a).bytes)).toBe(true)
        },
      ),
    )
  })

  it('comes back as it went in', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const back = new Map(parseTree(encodeTree(list).bytes).entries.map((entry) => [entry.name, entry]))
        for (const entry of list) {
          const { xattrs, ...rest } = entry
          expect(back.get(entry.name)).toEqual(xattrs && Object.keys(xattrs).length > 0 ? entry : rest)
        }
        expect(back.size).toBe(list.length)
      }),
    )
  })

  it('sums what lies below', () => {
    const inner = encodeTree([file, { ...file, name: 'g', size: 5, mtime: 20 }])
    const directory = { type: 'directory' as const, name: 'd', mode: 0o755, uid: 0, gid: 0, mtime: 3 }
    const { stats } = encodeTree([{ ...directory, tree: digestOf(inner.bytes), stats: inner.stats }, file])
    expect(stats).toEqual({ files: 3, directories: 1, bytes: 7, newest: 20 })
  })

  it.each([
    ['a name twice', [file, file]],
    ['a slash in a name', [{ ...file, name: 'a/b' }]],
    ['a parent as a name', [{ ...file, name: '..' }]],
    ['a name too long', [{ ...file, name: 'é'.repeat(128) }]],
    ['a mode out of range', [{ ...file, mode: 0o100644 }]],
    ['a fraction', [{ ...file, mtime: 1.5 }]],
    ['a negative size', [{ ...file, size: -1 }]],
    ['an owner beyond 32 bits', [{ ...file, uid: 2 ** 32 }]],
    ['an attribute that is not base64', [{ ...file, xattrs: { 'user.x': '?' } }]],
  ])('refuses %s', (_, list) => {
    expect(() => encodeTree(list)).toThrow(expect.objectContaining({ code: 'TREE_INVALID' }))
  })
})

describe('parseTree', () => {
  const good = JSON.parse(encodeTree([file, { ...file, name: 'g' }]).bytes.toString())

  it('refuses what is no tree', () => {
    const [f, g] = good.entries
    expect(refused(good)).toBe(false)
    expect(refused('{')).toBe(true)
    expect(refused([])).toBe(true)
    expect(refused({ ...good, schema: 'holotype.tree/2' })).toBe(true)
    expect(refused({ ...good, entries: [g, f] })).toBe(true)
    expect(refused({ ...good, entries: [f, f] })).toBe(true)
    expect(refused({ ...good, stats: { ...good.stats, bytes: 1 } })).toBe(true)
    for (const change of [
      { name: '../etc' },
      { name: '' },
      { name: 'f\0' },
      { digest: 'sha256:0' },
      { digest: 'sha256:../../../../etc/passwd' },
      { mode: '0644' },
      { size: 1e300 },
      { type: 'socket' },
      { type: 'directory' },
      { type: 'symlink' },
      { xattrs: [] },
    ])
      expect(refused({ ...good, entries: [{ ...f, ...change }, g] }), JSON.stringify(change)).toBe(true)
  })

  it('either refuses or accepts any JSON, and never fails in another way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('entries', 'schema', 'stats'), (value, key) => {
        expect(refused({ ...good, [key]: value })).toBe(true)
        expect(refused({ ...good, entries: [value], stats: good.stats })).toBe(true)
      }),
    )
  })
})

it('isName takes path parts only', () => {
  for (const name of ['a', '...', 'é', ' ', '\n']) expect(isName(name)).toBe(true)
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0', '\ud800', 'x'.repeat(256)]) expect(isName(name)).toBe(false)
})
