import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scratch } from '../testing/tools.ts'
import { readInstalled } from './installed.ts'
import { type PlistValue, renderPlist } from './plist.ts'

const PKGDB = 'var/db/xbps/pkgdb-0.38.plist'

function rootWith(
  at: ReturnType<typeof scratch>,
  packages: Readonly<Record<string, Readonly<Record<string, PlistValue>>>>,
): string {
  mkdirSync(at.at('var/db/xbps'), { recursive: true })
  const database = new Map(Object.entries(packages).map(([name, value]) => [name, new Map(Object.entries(value))]))
  writeFileSync(at.at(PKGDB), renderPlist(database))
  return at.path
}

const sound = { pkgver: 'b-1.0_1', architecture: 'x86_64', state: 'installed', 'automatic-install': true }

test('what has files is installed, whence it came', () => {
  using at = scratch()
  const root = rootWith(at, {
    _XBPS_ALTERNATIVES_: { vi: ['vim'] },
    b: { ...sound, repository: 'https://repo.example.org/current', 'source-revisions': 'bsource:0123abc' },
    a: { pkgver: 'a-2_3', architecture: 'noarch', state: 'half-removed', sourcepkg: 'asource-2_3', repository: '' },
    c: { pkgver: 'c-1_1', architecture: 'noarch', state: 'not-installed' },
  })
  expect(readInstalled(root)).toEqual([
    { name: 'a', version: '2_3', architecture: 'noarch', source: 'asource', state: 'half-removed' },
    {
      name: 'b',
      version: '1.0_1',
      architecture: 'x86_64',
      source: 'bsource',
      state: 'installed',
      origin: 'https://repo.example.org/current',
    },
  ])
})

test.each([
  ['no pkgver', { architecture: 'x86_64', state: 'installed' }],
  ['another name', { ...sound, pkgver: 'c-1.0_1' }],
  ['no version', { ...sound, pkgver: 'b-1.0' }],
  ['no state', { pkgver: 'b-1.0_1', architecture: 'x86_64' }],
  ['a state that is a number', { ...sound, state: 1 }],
])('%s is malformed', (_what, value) => {
  using at = scratch()
  const root = rootWith(at, { b: value })
  expect(() => readInstalled(root)).toThrow(expect.objectContaining({ code: 'INSTALLED_MALFORMED' }))
})

test('a damaged database is named with its file', () => {
  using at = scratch()
  const root = rootWith(at, {})
  writeFileSync(at.at(PKGDB), '<plist version="1.0"><dict>')
  expect(() => readInstalled(root)).toThrow(/pkgdb-0\.38\.plist: byte 27 of the property list: the list ends too early/)
})

test('a link out of the root leads nowhere', () => {
  using at = scratch()
  using outside = scratch()
  rootWith(outside, { b: sound })
  mkdirSync(at.at('var/db'), { recursive: true })
  symlinkSync(outside.at('var/db/xbps'), at.at('var/db/xbps'))
  expect(readInstalled(at.path)).toEqual([])
})
