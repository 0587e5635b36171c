import { execFileSync, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SYSTEM_PATH } from '@holotype/base'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { checkout } from '../../compose/checkout.ts'
import { type PathMap, rootOf } from '../../compose/path-map.ts'
import { SCRIPTS } from '../../compose/layer.ts'
import { type Taken, unite } from '../../compose/unite.ts'
import { type SyntheticUnpacked, unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { database } from './database.ts'
import { layout } from './layout.ts'

const isRoot = process.getuid?.() === 0
const hasDpkg = existsSync('/usr/bin/dpkg')
const base = temporaryDirectory()
const store = openStore(join(base, 'store'))

const md5 = (text: string) => hash('md5', text, 'hex')
const PACKAGES: readonly SyntheticUnpacked[] = [
  {
    name: 'tool',
    version: '1:2.0-1',
    files: { 'etc/tool.conf': 'a=1\n', 'bin/tool': 'tool', 'usr/share/doc/tool/copyright': 'c' },
    fields: [['Depends', 'libx']],
    control: {
      conffiles: '/etc/tool.conf\nremove-on-upgrade /etc/tool.old\n',
      md5sums: `${md5('tool')}  bin/tool\n${md5('c')}  usr/share/doc/tool/copyright\n`,
      postinst: '#!/bin/sh\nexit 0\n',
      triggers: 'interest-noawait /usr/lib/tool\ninterest tool-rebuild # by name\nactivate-noawait ldconfig\n',
    },
  },
  {
    name: 'libx',
    files: { 'usr/lib/libx.so.1': 'x' },
    fields: [['Multi-Arch', 'same']],
    control: { md5sums: `${md5('x')}  usr/lib/libx.so.1\n`, triggers: 'interest-noawait /usr/lib/tool\n' },
  },
]

function laidOut(stages: readonly (readonly SyntheticUnpacked[])[] = [PACKAGES]): string {
  const unpacked = stages.map((made) => made.map((one) => unpackedOf(store, one)))
  const among = unpacked.flat()
  const map: PathMap = new Map()
  layout(map, among)
  const taken: Taken[] = []
  for (const packages of unpacked) {
    taken.push(...unite(map, { store, format: 'deb', packages, among, pruned: () => false }))
    database(map, { store, packages, architecture: 'amd64', taken })
  }
  const root = mkdtempSync(join(base, 'root-'))
  checkout(store, rootOf(store, map), { directory: root })
  return root
}

/** With nothing but text files. */
type Plain = SyntheticUnpacked & { readonly files: Readonly<Record<string, string>> }

/** A root in which dpkg itself unpacked the packages, one after the other. */
function unpackedByDpkg(packages: readonly Plain[]): string {
  const root = mkdtempSync(join(base, 'native-'))
  for (const directory of ['info', 'updates', 'triggers'])
    mkdirSync(join(root, 'var/lib/dpkg', directory), { recursive: true })
  writeFileSync(join(root, 'var/lib/dpkg/status'), '')
  for (const { name, files, control = {}, fields = [] } of packages) {
    const tree = mkdtempSync(join(base, 'tree-'))
    const stanza = [
      ['Package', name],
      ['Version', '1'],
      ['Architecture', 'amd64'],
      ['Maintainer', 'a <a@example.org>'],
      ['Description', 'x'],
      ...fields,
    ]
    const members = { ...control, control: stanza.map(([key, value]) => `${key}: ${value}\n`).join('') }
    for (const [path, text] of [
      ...Object.entries(files),
      ...Object.entries(members).map(([member, text]) => [`DEBIAN/${member}`, text] as const),
    ]) {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), text)
    }
    execFileSync('dpkg-deb', ['-b', '--root-owner-group', tree, `${tree}.deb`], { stdio: 'ignore' })
    execFileSync('dpkg', [`--root=${root}`, '--force-not-root', '--unpack', `${tree}.deb`], {
      stdio: 'ignore',
      env: { LC_ALL: 'C', PATH: SYSTEM_PATH },
    })
  }
  return root
}

/** What dpkg says of a root. */
function dpkg(root: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync('dpkg', [`--root=${root}`, ...args], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: SYSTEM_PATH },
  })
  return `${stdout}${stderr}`
}

describe.skipIf(!isRoot || !hasDpkg)('the database before any script (skipped without root or dpkg: it judges)', () => {
  test('dpkg lists every package as unpacked, with version and architecture', () => {
    const root = laidOut()
    const format = ['-W', '-f', '${binary:Package} ${Version} ${db:Status-Status}\\n']
    const listed = execFileSync('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, ...format], { encoding: 'utf8' })
    expect(listed.trim().split('\n')).toEqual(['libx:amd64 1 unpacked', 'tool 1:2.0-1 unpacked'])
    expect(dpkg(root, '-l')).toMatch(/^iU\s+tool\s+1:2\.0-1\s+amd64/m)
  })

  test('dpkg --audit finds what it should: unpacked, not configured, and nothing else', () => {
    const audit = dpkg(laidOut(), '--audit')
    expect(audit).toMatch(/unpacked but not yet configured/)
    expect(audit).not.toMatch(/missing|half|triggers|unknown/i)
  })

  test('dpkg knows every path, follows names to packages, and has nothing to complain of', () => {
    const root = laidOut()
    expect(dpkg(root, '-L', 'tool').trim().split('\n')).toContain('/usr/share/doc/tool/copyright')
    expect(dpkg(root, '-S', '/usr/lib/libx.so.1')).toBe('libx:amd64: /usr/lib/libx.so.1\n')
    expect(dpkg(root, '-V')).toBe('')
  })

  test('dpkg -V sees a file that changed, and a conffile as such', () => {
    const root = laidOut()
    writeFileSync(join(root, 'bin/tool'), 'other')
    writeFileSync(join(root, 'etc/tool.conf'), 'a=2\n')
    const lines = dpkg(root, '-V').trim().split('\n')
    expect(lines).toContain('??5?????? c /etc/tool.conf')
    expect(lines).toContain('??5??????   /bin/tool')
    expect(lines).toHaveLength(2)
  })
})

describe.skipIf(!isRoot || !hasDpkg)(
  'a file that another package replaces (skipped without root or dpkg: it judges)',
  () => {
    const conffiles = { conffiles: '/etc/x\n' }
    const old = {
      name: 'old',
      files: { 'etc/x': 'old\n', 'bin/named': 'o', 'usr/share/old/y': 'y' },
      control: { ...conffiles, md5sums: `${md5('o')}  bin/named\n${md5('y')}  usr/share/old/y\n` },
    }
    const next = {
      name: 'next',
      files: { 'etc/x': 'next\n', 'usr/bin/named': 'n' },
      control: { ...conffiles, md5sums: `${md5('n')}  usr/bin/named\n` },
      fields: [['Replaces', 'old']] as const,
    }

    test.each([
      ['it comes last', [[old, next]]],
      ['it comes first', [[next, old]]],
      ['the other is installed already', [[old], [next]]],
      ['it is installed already', [[next], [old]]],
    ])('is that one’s alone, as where dpkg unpacks both: %s', (_what, stages) => {
      const ours = laidOut(stages)
      const theirs = unpackedByDpkg(stages.flat())
      for (const root of [ours, theirs]) {
        expect(dpkg(root, '-S', '/etc/x')).toBe('next: /etc/x\n')
        expect(dpkg(root, '-S', 'named').trim().split('\n').toSorted()).toEqual([
          'next: /usr/bin/named',
          'old: /bin/named',
        ])
      }
      for (const name of ['old', 'next']) expect(listed(ours, name)).toEqual(listed(theirs, name))
      // What dpkg does with a name that is not the same text is no matter of lists: here one of the two has the file.
      expect(dpkg(ours, '-V', 'next')).toBe('')
      expect(dpkg(ours, '-V', 'old')).toBe('??5??????   /bin/named\n')
    })

    test('counts as an obsolete conffile', () => {
      const status = (stages: readonly (readonly SyntheticUnpacked[])[]) =>
        dpkg(laidOut(stages), '-s', 'old')
          .split('\n')
          .filter((line) => line.startsWith(' /'))
      expect(status([[old, next]])).toEqual([' /etc/x newconffile obsolete'])
      expect(status([[old], [next]])).toEqual([` /etc/x ${md5('old\n')} obsolete`])
    })

    const listed = (root: string, name: string) => dpkg(root, '-L', name).trim().split('\n').toSorted()
  },
)

test.skipIf(!isRoot)('triggers: who is interested in a path, and in a name (skipped without root: owners)', () => {
  const root = laidOut()
  const read = (name: string) => readFileSync(join(root, 'var/lib/dpkg', name), 'utf8')
  expect(read('triggers/File')).toBe('/usr/lib/tool tool/noawait\n/usr/lib/tool libx:amd64/noawait\n')
  expect(read('triggers/tool-rebuild')).toBe('tool\n')
  expect(read('status')).toContain(`Conffiles:\n /etc/tool.conf ${md5('a=1\n')}\n`)
})

test('the cache of manual pages goes where pages come after it, and only then', () => {
  const manDb = unpackedOf(store, {
    name: 'man-db',
    files: { 'usr/share/man/man1/man.1.gz': 'm', 'var/cache/man': '/' },
    control: { triggers: 'interest-noawait /usr/share/man\n' },
  })
  const kept = (files: Record<string, string>) => {
    const map: PathMap = new Map()
    layout(map, [manDb])
    const install = (these: LockedUnpacked) => {
      unite(map, { store, format: 'deb', packages: [these], among: [manDb, these], pruned: () => false })
      database(map, { store, packages: [these], architecture: 'amd64', taken: [] })
    }
    install(manDb)
    const digest = store.put(Buffer.from('index'))
    const entry = { type: 'file', mode: 0o644, uid: 6, gid: 12, mtime: 0, digest, size: 5 } as const
    map.set('var/cache/man/index.db', { entry, owner: SCRIPTS })
    install(unpackedOf(store, { name: 'later', files }))
    expect(map.has('var/cache/man')).toBe(true)
    return map.has('var/cache/man/index.db')
  }
  expect(kept({ 'usr/share/man/man1/later.1.gz': 'p' })).toBe(false)
  expect(kept({ 'usr/share/later/file': 'p' })).toBe(true)
})
