import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { painter, type ProgressEvent, run as runProgram } from '@holotype/base'
import { formats } from '@holotype/formats'
import { ingest, publish } from '@holotype/repository'
import { readLock } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { createKeyring, type Keyring } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../config.ts'
import { type Context, createContext } from '../../context.ts'
import { type Flags, run, show } from './lock.ts'

const FLAGS: Flags = { json: false, quiet: true, keep: false, minimal: false, allowMissingSonames: true }
const THEN = 1_750_000_000

let place = ''
let keyring: Keyring
let published = 0
let notes: string[] = []
beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-lock-'))
  keyring = await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
  published = 0
  notes = []
  for (const folder of ['images', 'keys']) mkdirSync(join(place, 'distribution', folder), { recursive: true })
  write('keys/archive.asc', (await keyring.openPgpPublicKey()).armored)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

function write(path: string, text: string): void {
  writeFileSync(join(place, 'distribution', path), text)
}

/** A store that does not wait for the disk. */
function quick(store: Store): Store {
  return { ...store, flush: async () => {} }
}

function context(): Context {
  const made = createContext({
    config: readConfig({ HOLOTYPE_DIRECTORY: join(place, 'distribution') }),
    flags: FLAGS,
    progress: (event: ProgressEvent) => {
      if (event.kind === 'note') notes.push(event.text)
    },
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
  return { ...made, now: () => new Date('2026-11-21T10:00:00Z'), store: async () => quick(await made.store()) }
}

/** Locks the image `web`; its packages as `name version from`. */
async function locked(image: string, flags: Partial<Flags> = {}): Promise<string[]> {
  write('images/web.yaml', image)
  await run(context(), { ...FLAGS, ...flags }, 'web')
  const { packages } = readLock(join(place, 'distribution/images/web.lock'), 'web.lock')
  return packages.map(({ name, version, from }) => `${name} ${version} ${from}`)
}

type Sample = readonly [
  name: string,
  version: string,
  more?: readonly (readonly [string, string])[],
  /** Files of this machine, by their paths in the package. */
  files?: Readonly<Record<string, string>>,
]

function fileOf(path: string, bytes: Buffer) {
  const owned = { uid: 0, gid: 0, mtime: THEN }
  return { path, type: 'file', mode: 0o755, ...owned, size: bytes.length, bytes } as const
}

/** An upstream of this name, as the whole of it is now. */
async function offer(format: 'deb' | 'alpm', upstream: string, packages: readonly Sample[]): Promise<void> {
  const repository = {
    store: quick(openStore(join(place, `offered-${++published}`))),
    name: upstream,
    format: formats[format],
    component: 'main',
    signer: keyring.repositorySigner(() => new Date((THEN + published) * 1000)),
  }
  for (const [name, version, more = [], files = {}] of packages) {
    const path = join(place, `${name}-${version}-x86_64.${format === 'deb' ? 'deb' : 'pkg.tar.zst'}`)
    const fields = format === 'deb' ? debFields(name, version) : alpmFields(name, version)
    await formats[format].writePackage(path, {
      fields: [...fields, ...more],
      control: new Map(),
      payload: Object.entries(files).map(([to, from]) => fileOf(to, readFileSync(from))),
      epoch: THEN,
    })
    await ingest(repository, path)
  }
  rmSync(join(place, upstream), { recursive: true, force: true })
  await publish(repository, join(place, upstream), {
    origin: 'Test',
    label: 'Test',
    suite: upstream,
    codename: upstream,
    description: 'a test',
    architectures: [format === 'deb' ? 'amd64' : 'x86_64'],
    date: THEN + published,
  })
}

const debFields = (name: string, version: string) =>
  [
    ['Package', name],
    ['Version', version],
    ['Architecture', 'amd64'],
    ['Maintainer', 'Test <test@example.org>'],
    ['Description', 'a test'],
  ] as const

const alpmFields = (name: string, version: string) =>
  [
    ['pkgname', name],
    ['pkgbase', name],
    ['pkgver', version],
    ['pkgdesc', 'a test'],
    ['builddate', String(THEN)],
    ['packager', 'Test <test@example.org>'],
    ['size', '5'],
    ['arch', 'x86_64'],
  ] as const

const declared = (format: 'deb' | 'alpm', name: string, more = '') => `  ${name}:
    format: ${format}
    url: ${pathToFileURL(join(place, name)).href}
    ${format === 'deb' ? 'suites' : 'repositories'}: [${name}]
    keyring: keys/archive.asc
${more}`

const depends = (on: string) => [['Depends', on]] as const

describe('of two upstreams', () => {
  const declare = (more = '') =>
    write('holotype.yaml', `name: acme\nupstreams:\n${declared('deb', 'stable')}${declared('deb', 'backports', more)}`)
  const stable: readonly Sample[] = [
    ['hello', '1', depends('lib (>= 1)')],
    ['lib', '1'],
    ['lib', '2'],
    ['other', '1'],
  ]
  beforeEach(async () => {
    await offer('deb', 'stable', stable)
    await offer('deb', 'backports', [
      ['lib', '3~bpo'],
      ['hello', '2', depends('lib (>= 2)')],
    ])
  })

  test('the newest is taken, the higher priority before any version, and what is pinned as it is pinned', async () => {
    declare()
    expect(await locked('packages: [hello]\n')).toEqual(['hello 2 backports', 'lib 3~bpo backports'])
    expect(await locked("packages: [hello]\npin: { lib: '2' }\n")).toEqual(['hello 2 backports', 'lib 2 stable'])
    expect(await locked('packages: [hello]\npin: { hello: { from: stable } }\n')).toEqual([
      'hello 1 stable',
      'lib 3~bpo backports',
    ])
    expect(await locked("packages: [hello=1]\npin: { lib: { from: stable, version: '1' } }\n")).toEqual([
      'hello 1 stable',
      'lib 1 stable',
    ])
    declare('    priority: 100\n')
    expect(await locked('packages: [hello]\n')).toEqual(['hello 1 stable', 'lib 2 stable'])
    await expect(locked("packages: [hello=2]\npin: { lib: '1' }\n")).rejects.toMatchObject({
      code: 'RESOLVE_CONFLICT',
      message:
        'these cannot all hold:\n  web needs hello (= 2)\n  hello 2 depends on lib (>= 2), lib is pinned to 1 from stable',
    })
  })

  test('what is held stays as the lock before has it; the first time it is chosen, and said so', async () => {
    declare('    priority: 100\n')
    await locked('packages: [hello, other]\nhold: [lib]\n')
    expect(notes).toContain('lib is held, but the lock before does not have it')
    notes = []
    await offer('deb', 'stable', [...stable, ['lib', '4'], ['other', '2']])
    expect(await locked('packages: [other]\nhold: [lib]\n')).toEqual(['lib 2 stable', 'other 2 stable'])
    expect(notes.filter((note) => note.includes('held'))).toEqual([])
    // The upstream may have dropped it: the store has its file, however often it is locked.
    await offer('deb', 'stable', [
      ['lib', '4'],
      ['other', '3'],
    ])
    for (let again = 0; again < 2; again++)
      expect(await locked('packages: [other]\nhold: [lib]\n')).toEqual(['lib 2 stable', 'other 3 stable'])
    await offer('deb', 'stable', [...stable, ['lib', '4']])
    expect(await locked('packages: [hello]\n')).toEqual(['hello 1 stable', 'lib 4 stable'])
    // What is held is read from the lock before: where that cannot be read, nothing is written anew.
    write('images/web.lock', '<<<<<<< HEAD\n')
    await expect(locked('packages: [hello]\nhold: [lib]\n')).rejects.toMatchObject({ code: 'LOCK_MALFORMED' })
  })

  test('--keep keeps what still fits, --minimal moves nothing that could stay', async () => {
    declare('    priority: 100\n')
    expect(await locked('packages: [hello, other]\n')).toEqual(['hello 1 stable', 'lib 2 stable', 'other 1 stable'])
    await offer('deb', 'stable', [...stable, ['lib', '4'], ['other', '2'], ['fresh', '1', depends('lib (>= 3)')]])
    const image = 'packages: [hello, other, fresh]\n'
    const least = ['fresh 1 stable', 'hello 1 stable', 'lib 4 stable', 'other 1 stable']
    write('images/web.yaml', image)
    expect(await locked(image, { minimal: true })).toEqual(least)
    expect(await locked(image, { keep: true })).toEqual(least)
    expect(await locked(image)).toEqual(['fresh 1 stable', 'hello 1 stable', 'lib 4 stable', 'other 2 stable'])
  })

  test('a wish that cannot be is told with its place', async () => {
    declare()
    const place = (line: number, column: number) => expect.stringContaining(`images/web.yaml:${line}:${column}`)
    await expect(locked('packages: [hello]\npin:\n  lib: { from: stabel }\n')).rejects.toMatchObject({
      code: 'DISTRIBUTION_UNKNOWN_UPSTREAM',
      message: place(3, 16),
    })
    await expect(locked('packages: [hello]\npin:\n  lib: { from: stabel }\n')).rejects.toThrow(
      'there is no upstream "stabel"; did you mean "stable"?',
    )
    await expect(locked("packages: ['@tools']\n")).rejects.toMatchObject({
      code: 'DISTRIBUTION_NO_GROUPS',
      message: place(1, 12),
    })
    await expect(locked('packages: [hello]\npin: { lib: {} }\n')).rejects.toMatchObject({ code: 'YAML_SCHEMA' })
    await expect(locked("packages: [hello]\npin: { libb: '1' }\n")).rejects.toThrow(
      'no source offers a package named libb, and it is pinned; the nearest is lib',
    )
  })
})

test('why a package is in or not is told in lines, and nothing is written', async () => {
  write('holotype.yaml', `name: acme\nupstreams:\n${declared('deb', 'stable')}`)
  await offer('deb', 'stable', [
    ['hello', '1', depends('lib (>= 1), mta')],
    ['lib', '2', depends('base')],
    ['base', '1'],
    ['postfix', '3', [['Provides', 'mta']]],
    [
      'sendmail',
      '8',
      [
        ['Provides', 'mta'],
        ['Conflicts', 'base'],
      ],
    ],
    ['other', '1'],
  ])
  write('images/web.yaml', "packages: [hello]\nexclude: [other]\npin: { lib: '2' }\n")
  const asked = async (flags: Partial<Flags>) =>
    show(await run(context(), { ...FLAGS, ...flags }, 'web'), { paint: painter(false), width: 80, now: new Date() })
  expect(await asked({ why: 'base' })).toBe(`base is in web
  web asks for hello
  hello 1 needs lib (>= 1)
  lib 2 needs base`)
  expect(await asked({ why: 'sendmail', whyNot: 'other' })).toBe(`sendmail is not in web
  sendmail cannot be chosen with the rest
  web needs sendmail
  web needs hello
  hello 1 depends on lib (>= 1)
  lib 2 depends on base
  sendmail 8 conflicts with base

other is not in web
  other is excluded`)
  expect(await asked({ whyNot: 'lib=9' })).toBe(`lib is in web as 2
  no source offers lib (= 9); offered is 2`)
  expect(existsSync(join(place, 'distribution/images/web.lock'))).toBe(false)
})

test('a group is asked for by @name', async () => {
  write('holotype.yaml', `name: acme\nupstreams:\n${declared('alpm', 'extra')}`)
  const inTools = [['group', 'tools']] as const
  await offer('alpm', 'extra', [
    ['one', '1-1', inTools],
    ['two', '1-1', [...inTools, ['depend', 'three']]],
    ['three', '1-1'],
    ['four', '1-1'],
  ])
  expect(await locked("packages: ['@tools']\n")).toEqual(['one 1-1 extra', 'three 1-1 extra', 'two 1-1 extra'])
  await expect(locked("packages: ['@toolz']\n")).rejects.toMatchObject({ code: 'RESOLVE_UNKNOWN_PACKAGE' })
})

const noCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : ' (skipped, because there is no gcc)'

test.skipIf(noCompiler !== '')(
  `a partial upgrade that takes a library from a program is refused, with the program's name${noCompiler}`,
  async () => {
    const at = (name: string) => join(place, name)
    const gcc = (...argv: readonly string[]) => runProgram(['gcc', '-nostdlib', ...argv])
    writeFileSync(at('greet.c'), 'int greet(void) { return 0; }\n')
    writeFileSync(at('main.c'), 'int greet(void); void _start(void) { greet(); }\n')
    for (const soname of ['libgreet.so.1', 'libgreet.so.2'])
      await gcc('-shared', `-Wl,-soname,${soname}`, '-o', at(soname), at('greet.c'))
    await gcc('-o', at('greeter'), at('main.c'), at('libgreet.so.1'))
    const program: Sample = ['greeter', '1', depends('libgreet'), { 'usr/bin/greeter': at('greeter') }]
    const library = (number: number): Sample => [
      'libgreet',
      String(number),
      [],
      { [`usr/lib/libgreet.so.${number}`]: at(`libgreet.so.${number}`) },
    ]
    write('holotype.yaml', `name: acme\nupstreams:\n${declared('deb', 'stable')}`)
    await offer('deb', 'stable', [program, library(1)])
    const checked = { allowMissingSonames: false }
    const before = ['greeter 1 stable', 'libgreet 1 stable']
    expect(await locked('packages: [greeter]\n', checked)).toEqual(before)

    // The library's new version has another soname, and the program, built against the old one, takes any version.
    await offer('deb', 'stable', [program, library(1), library(2)])
    await expect(locked('packages: [greeter]\n', checked)).rejects.toMatchObject({
      code: 'LOCK_SONAME_MISSING',
      message: 'no package has libgreet.so.1, needed by greeter 1 (usr/bin/greeter): libgreet 1 had it, 2 has not',
    })
    const { packages } = readLock(join(place, 'distribution/images/web.lock'), 'web.lock')
    expect(packages.map(({ name, version }) => `${name} ${version} stable`)).toEqual(before)
    expect(await locked('packages: [greeter]\nhold: [libgreet]\n', checked)).toEqual(before)
    expect(await locked('packages: [greeter]\n')).toEqual(['greeter 1 stable', 'libgreet 2 stable'])
  },
)
