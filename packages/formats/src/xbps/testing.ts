import type fc from 'fast-check'
import type { PackageScript, PackageToWrite } from '../types.ts'
import { type PlistValue, renderEntry } from './plist.ts'
import { repository } from './repodata-write.ts'

/** Versions near each other: few pieces, with every word of the scheme, leading zeros and numbers no integer holds. */
export function versionArbitrary(check: typeof fc): fc.Arbitrary<string> {
  const piece = check.constantFrom(
    '0',
    '1',
    '2',
    '10',
    '00',
    '010',
    '2147483648',
    '99999999999999999999',
    '.',
    '.',
    '+',
    'a',
    'b',
    'Z',
    'p',
    'rc',
    'pre',
    'alpha',
    'beta',
    'pl',
  )
  const text = check.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
  const revision = check.constantFrom('', '_1', '_2', '_10', '_01_1')
  return check.tuple(text, revision).map((parts) => parts.join(''))
}

/** Fields of a package that xbps accepts, for tests. A version without a revision gets one. */
export function sampleFields(
  name: string,
  version: string,
  more: PackageToWrite['fields'] = [],
): PackageToWrite['fields'] {
  return [
    ['pkgver', `${name}-${version.includes('_') ? version : `${version}_1`}`],
    ['architecture', 'x86_64'],
    ['short_desc', 'A sample for tests'],
    ['maintainer', 'Jörg Doe <jane@example.org>'],
    ['license', 'BSD-2-Clause & <more>'],
    ['run_depends', 'glibc>=2.36_1'],
    ['run_depends', 'libfoo>=1.0<2'],
    ['shlib-requires', 'libc.so.6'],
    ...more,
  ]
}

const INSTALL = '#!/bin/sh -e\necho "$1"\n'

export const SAMPLE_SCRIPTS = [
  { name: 'INSTALL', interpreter: ['/bin/sh', '-e'], text: INSTALL },
] as const satisfies readonly PackageScript[]

export const SAMPLE_CONTROL: PackageToWrite['control'] = new Map([
  ['INSTALL', { bytes: Buffer.from(INSTALL), mode: 0o755 }],
  ['INSTALL.msg', { bytes: Buffer.from('Welcome.\n'), mode: 0o644 }],
])

export function samplePackage(name: string, version: string, payload: PackageToWrite['payload']): PackageToWrite {
  return { fields: sampleFields(name, version), control: SAMPLE_CONTROL, payload, epoch: 1_700_000_000 }
}

/**
 * What a package of xbps keeps of a payload and in which order: directories, by path and without a time; then all else from the last path to
 * the first. Of files linked to each other the last by path is the file.
 */
export function storedPayload(payload: PackageToWrite['payload']): PackageToWrite['payload'] {
  const sorted = payload
    .filter(({ path }) => path !== '')
    .toSorted((a, b) => Buffer.from(a.path.replaceAll('/', '\0')).compare(Buffer.from(b.path.replaceAll('/', '\0'))))
  const directories = sorted
    .filter(({ type }) => type === 'directory')
    .map((entry) => ({ ...entry, owner: 'root', group: 'root', mtime: 0 }))
  const others = sorted.filter(({ type }) => type !== 'directory').toReversed()
  return [
    ...directories,
    ...others.map((entry) => {
      const original = entry.type === 'hardlink' ? entry.target : entry.path
      const group = others.filter(
        ({ path, type, target }) => path === original || (type === 'hardlink' && target === original),
      )
      const [first] = group
      const file = others.find(({ path }) => path === original)
      if (entry.type === 'symlink' || !first || !file || group.length === 1) return entry
      const { bytes, target: _, ...facts } = file
      if (entry === first) return { ...facts, path: entry.path, ...(bytes ? { bytes } : {}) }
      return { ...facts, path: entry.path, type: 'hardlink' as const, size: 0, target: first.path }
    }),
  ]
}

/** A repodata, uncompressed, of so many packages as Void Linux has them: about 1.3 KiB each. */
export function sampleIndex(count: number): Buffer {
  const entries = Array.from({ length: count }, (_, number) => {
    const name = `package${String(number).padStart(6, '0')}`
    const properties = new Map<string, PlistValue>([
      ['architecture', number % 4 === 0 ? 'noarch' : 'x86_64'],
      ['build-options', 'nls ssl'],
      ['build-date', '2024-01-01 00:00 UTC'],
      ['changelog', `https://example.org/${name}/NEWS`],
      ['filename-sha256', number.toString(16).padStart(64, '0')],
      ['filename-size', 1000 + number],
      ['homepage', `https://example.org/${name}`],
      ['installed_size', 4096 * (number % 1000)],
      ['license', 'GPL-2.0-or-later'],
      ['maintainer', 'Jörg Doe <jane@example.org>'],
      ['pkgver', `${name}-${number % 7}.${number % 13}.${number % 3}_${1 + (number % 4)}`],
      [
        'run_depends',
        ['glibc>=2.36_1', `package${String(number >> 1).padStart(6, '0')}>=0`, `libx${number % 50}>=1.${number % 9}_1`],
      ],
      ['shlib-requires', ['libc.so.6', `libx${number % 50}.so.${number % 5}`]],
      ...(number % 10 === 0 ? ([['shlib-provides', [`lib${name}.so.1`]]] as const) : []),
      ['short_desc', `The sample number ${number}`],
      ['source-revisions', `${name}:0123456789abcdef`],
    ])
    return renderEntry(name, properties, 1)
  })
  const body = Buffer.from(entries.join(''))
  const [index] = repository.indexes({ ...EMPTY_SETTINGS, architectures: ['x86_64'] })
  if (!index) throw new Error('one architecture has one index')
  return Buffer.concat([index.opening(count, body.length), body, index.closing(count, body.length)])
}

const EMPTY_SETTINGS = { origin: '', label: '', suite: '', codename: '', description: '', component: '', date: 0 }
