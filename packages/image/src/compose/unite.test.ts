import { compileGlobs } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { layout } from '../native/deb/layout.ts'
import { type SyntheticUnpacked, unpackedOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import type { PathMap } from './path-map.ts'
import { unite } from './unite.ts'

const store = openStore(temporaryDirectory())

function united(
  made: readonly SyntheticUnpacked[],
  { prunedGlobs = [], format = 'deb' }: { readonly prunedGlobs?: readonly string[]; readonly format?: FormatName } = {},
): PathMap {
  const packages = made.map((item) => unpackedOf(store, item))
  const map: PathMap = new Map()
  layout(map, packages)
  unite(map, { store, format, packages, pruned: compileGlobs(prunedGlobs) })
  return map
}

const holder = (map: PathMap, path: string) => map.get(path)?.owner
const text = (map: PathMap, path: string) => {
  const entry = map.get(path)?.entry
  return entry?.type === 'file' ? store.read(entry.digest).toString() : entry?.type
}

describe('a path that two packages hold', () => {
  test('is a conflict that names both', () => {
    const both = () =>
      united([
        { name: 'one', files: { 'etc/x': 'a' } },
        { name: 'two', files: { 'etc/x': 'b' } },
      ])
    expect(both).toThrow(
      expect.objectContaining({
        code: 'IMAGE_PATH_CONFLICT',
        message: '/etc/x is held by one and by two, with different content',
      }),
    )
  })

  test('is shared by packages of rpm where content, mode and owner are the same', () => {
    const rpm = { format: 'rpm' } as const
    const map = united(
      [
        { name: 'one', files: { 'etc/x': 'a', l: '-> x' } },
        { name: 'two', files: { 'etc/x': 'a', l: '-> x' } },
      ],
      rpm,
    )
    expect([holder(map, 'etc/x'), holder(map, 'l')]).toEqual(['package:one', 'package:one'])
    const digest = store.put(Buffer.from('a'))
    const other = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: 0, digest, size: 1 } as const
    expect(() =>
      united(
        [
          { name: 'one', files: { 'etc/x': 'a' } },
          { name: 'two', files: { 'etc/x': other } },
        ],
        rpm,
      ),
    ).toThrow(/held by/)
  })

  test.each(['deb', 'alpm'] as const)('is a conflict for %s even where both hold the same', (format) => {
    for (const files of [{ 'etc/x': 'a' }, { 'etc/x': '-> nowhere' }]) {
      const both = () =>
        united(
          [
            { name: 'one', files },
            { name: 'two', files },
          ],
          { format },
        )
      expect(both).toThrow(expect.objectContaining({ message: '/etc/x is held by one and by two' }))
    }
  })

  test('is shared by one package of two architectures, and where it is a link to a directory that is there', () => {
    const twin = { name: 'libx', files: { 'etc/x': 'a' }, fields: [['Multi-Arch', 'same']] } as const
    expect(holder(united([twin, { ...twin, architecture: 'i386' }]), 'etc/x')).toBe('package:libx')
    const files = { l: '-> etc/d', 'etc/d': '/' }
    const linked = united([
      { name: 'one', files },
      { name: 'two', files },
    ])
    expect(holder(linked, 'l')).toBe('package:one')
  })

  const old = { name: 'old', version: '1.2', files: { 'etc/x': 'a' } }
  const replacing = (relation: string) => ({
    name: 'new',
    files: { 'etc/x': 'b' },
    fields: [['Replaces', relation]] as const,
  })

  test.each([
    ['old, new', [old, replacing('old')]],
    ['new, old', [replacing('old (<< 2)'), old]],
  ])('is that of the one which replaces the other, in the order %s', (_order, packages) => {
    const map = united(packages)
    expect([holder(map, 'etc/x'), text(map, 'etc/x')]).toEqual(['package:new', 'b'])
  })

  test('is a conflict still where another version is replaced, or another package', () => {
    expect(() => united([old, replacing('old (<< 1)')])).toThrow(/held by/)
    expect(() => united([old, replacing('older')])).toThrow(/held by/)
  })

  test('is nobody’s where it is pruned', () => {
    const map = united(
      [
        { name: 'one', files: { 'doc/x': 'a' } },
        { name: 'two', files: { 'doc/x': 'b' } },
      ],
      { prunedGlobs: ['/doc/*'] },
    )
    expect(map.has('doc/x')).toBe(false)
  })
})

describe('a directory', () => {
  test('stays its first owner’s', () => {
    const map = united([
      { name: 'one', files: { 'etc/d/a': 'a' } },
      { name: 'two', files: { 'etc/d/b': 'b' } },
    ])
    expect([holder(map, 'etc/d'), holder(map, 'etc/d/b')]).toEqual(['package:one', 'package:two'])
  })

  test.each([
    ['the link first', [0, 1]],
    ['the directory first', [1, 0]],
  ])('meets a link: what is there first stays, files go where it leads (%s)', (_what, order) => {
    const packages = [
      { name: 'link', files: { real: '/', d: '-> real' } },
      { name: 'dir', files: { 'd/a': 'a' } },
    ]
    const map = united(order.flatMap((index) => packages[index] ?? []))
    const linkFirst = order[0] === 0
    expect(map.get('d')?.entry.type).toBe(linkFirst ? 'symlink' : 'directory')
    expect(holder(map, linkFirst ? 'real/a' : 'd/a')).toBe('package:dir')
    expect(map.has(linkFirst ? 'd/a' : 'real/a')).toBe(false)
  })

  test('is never replaced by a file, whoever declares it', () => {
    const packages = [
      { name: 'dir', files: { 'd/a': 'a' } },
      { name: 'file', files: { d: 'x' }, fields: [['Replaces', 'dir']] as const },
    ]
    expect(() => united(packages)).toThrow(/\/d is held by dir and by file/)
    expect(() => united(packages.toReversed())).toThrow(/\/d is held by file and by dir/)
  })
})

test('the merged /usr takes what packages still name without it, and finds what lies there twice', () => {
  const map = united([{ name: 'one', files: { 'bin/x': 'x', 'lib/y/z': 'z', 'lib64/ld': 'l' } }])
  expect(['usr/bin/x', 'usr/lib/y/z', 'usr/lib64/ld'].map((path) => holder(map, path))).toEqual(
    Array.from({ length: 3 }, () => 'package:one'),
  )
  expect(map.get('bin')?.entry).toMatchObject({ type: 'symlink', target: 'usr/bin' })
  expect(() =>
    united([
      { name: 'one', files: { 'bin/x': 'x' } },
      { name: 'two', files: { 'usr/bin/x': 'y' } },
    ]),
  ).toThrow(/\/usr\/bin\/x is held by one and by two/)
})

test('a link that replaces a file leads on: what follows lands behind it', () => {
  const map = united([
    { name: 'one', files: { d: 'file' } },
    { name: 'two', files: { real: '/', d: '-> real' }, fields: [['Replaces', 'one']] },
    { name: 'three', files: { 'd/a': 'a' } },
  ])
  expect(holder(map, 'real/a')).toBe('package:three')
})
