import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import type { InMemory } from '../archive/content.ts'
import { writeTar } from '../archive/tar-write.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { writeAr } from './ar.ts'
import { parseChangelog } from './changelog.ts'
import { parseStanza, renderStanza } from './control.ts'
import { deb } from './index.ts'
import { parseBuildDependencies } from './relation.ts'
import { sampleFields } from './testing.ts'

const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }

function file(path: string, text: string): InMemory {
  const bytes = Buffer.from(text)
  return { ...root, path, type: 'file', size: bytes.length, bytes }
}

function packageOf(control: readonly InMemory[], data: Buffer, end = ''): Buffer {
  return writeAr(
    [
      { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
      { name: 'control.tar.gz', bytes: gzipSync(writeTar(control)) },
      { name: `data.tar${end}`, bytes: data },
    ],
    0,
  )
}

const CONTROL = renderStanza(sampleFields('sample', '1.0'))
const EVIL = renderStanza(sampleFields('evil', '6.6'))

test.skipIf(!haveTools('dpkg-deb'))(
  `a control file that is a link is refused: dpkg would read another${skipReason('dpkg-deb')}`,
  async () => {
    using directory = scratch()
    const path = directory.at('p.deb')
    const disguised = [
      file('control', CONTROL),
      file('other', EVIL),
      { ...root, path: 'control', type: 'symlink', target: 'other' },
    ] as const
    writeFileSync(path, packageOf(disguised, writeTar([])))
    const { stdout } = await run(['dpkg-deb', '--info', path, 'control'])
    expect(stdout.toString()).toContain('Package: evil')
    await expect(deb.readPackage(path)).rejects.toMatchObject({
      code: 'PACKAGE_MALFORMED',
      message: expect.stringContaining('control is a symlink'),
    })
    const script = [
      file('control', CONTROL),
      file('postinst.x', '#!/bin/sh\n'),
      { ...root, path: 'postinst', type: 'hardlink', target: 'postinst.x' },
    ] as const
    writeFileSync(path, packageOf(script, writeTar([])))
    await expect(deb.readPackage(path)).rejects.toThrow('postinst is a hardlink')
  },
)

const PACKERS = ['dpkg-deb', 'bzip2', 'xz'] as const

const OLD_FORMS: readonly (readonly [end: string, argv: readonly [string, ...string[]]])[] = [
  ['.bz2', ['bzip2', '--stdout']],
  ['.lzma', ['xz', '--format=lzma', '--stdout']],
]

test.skipIf(!haveTools(...PACKERS)).each(OLD_FORMS)(
  `a payload in the older forms is read, as dpkg reads it: %s${skipReason(...PACKERS)}`,
  async (end, argv) => {
    using directory = scratch()
    const payload = writeTar([{ ...root, path: '', type: 'directory' }, file('greeting', 'hello\n')])
    const { stdout: packed } = await run(argv, { input: payload })
    writeFileSync(directory.at('p.deb'), packageOf([file('control', CONTROL)], packed, end))
    const { stdout } = await run(['dpkg-deb', '--contents', directory.at('p.deb')])
    expect(stdout.toString()).toMatch(/ \.\/greeting\n$/)
    const paths: string[] = []
    await deb.readPackage(directory.at('p.deb'), ({ path }) => void paths.push(path))
    expect(paths).toEqual(['', 'greeting'])
  },
)

test('a path that dpkg refuses is not written', async () => {
  using directory = scratch()
  const payload = [file('a\nb', 'x')]
  const content = { fields: sampleFields('sample', '1.0'), control: new Map(), payload, epoch: 0 }
  await expect(deb.writePackage(directory.at('p.deb'), content)).rejects.toThrow('holds a line break')
})

/** What must not take time that grows with the square of a text. */
test.each([
  ['spaces in a field that holds a carriage return', () => parseStanza(`A:${' '.repeat(300_000)}x\ry`)],
  [
    'words in a heading of a changelog',
    () => parseChangelog(`a (1) ${'b '.repeat(300_000)}\rx;\n\n  * c\n\n -- d <e>  f\n`),
  ],
  ['spaces in a trailer of a changelog', () => parseChangelog(`a (1) b;\n\n -- d${' '.repeat(300_000)}x\ry\n`)],
  [
    'spaces in a relation',
    () => expect(() => parseBuildDependencies(`a${' '.repeat(300_000)}!`, 'amd64')).toThrow('is no relation'),
  ],
  [
    'spaces in a source',
    () => {
      using directory = scratch()
      mkdirSync(directory.at('var/lib/dpkg'), { recursive: true })
      const source = `Source: a${' '.repeat(300_000)}b`
      const stanza = `Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n${source}\n`
      writeFileSync(directory.at('var/lib/dpkg/status'), stanza)
      deb.readInstalled(directory.path)
    },
  ],
])('%s do not cost their square', (_, parse) => {
  const started = process.cpuUsage()
  parse()
  // The square of it takes minutes.
  expect(process.cpuUsage(started).user).toBeLessThan(10_000_000)
})

test('a changelog of nothing but headings is read to its limit', () => {
  expect(parseChangelog('a (1)\n'.repeat(150_000))).toHaveLength(100_000)
})

test('a database that is a pipe is refused, not waited for', () => {
  using directory = scratch()
  mkdirSync(directory.at('var/lib/dpkg'), { recursive: true })
  spawnSync('mkfifo', [directory.at('var/lib/dpkg/status')])
  // A second opens the pipe after a while, so that a reader that waits ends here too.
  const opener = spawnSync('sh', ['-c', '(sleep 10; : > "$0") >/dev/null 2>&1 &', directory.at('var/lib/dpkg/status')])
  expect(opener.status).toBe(0)
  const started = performance.now()
  expect(() => deb.readInstalled(directory.path)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
  expect(performance.now() - started).toBeLessThan(8000)
})

test.each(['0x10', '1e3', '+5', '1.0'])('%j is no size', (size) => {
  const stanza = `Package: a\nVersion: 1\nArchitecture: all\nSize: ${size}\n`
  expect(() => deb.parseIndex(Buffer.from(stanza))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

test.skipIf(!haveTools('apt-cache'))(
  `a field that is there twice is refused: apt takes the last${skipReason('apt-cache')}`,
  async () => {
    using directory = scratch()
    const stanza = 'Package: aaa\nVersion: 1\nVersion: 2\nArchitecture: all\nStatus: install ok installed\n\n'
    writeFileSync(directory.at('status'), stanza)
    const options = [
      `Dir::State::status=${directory.at('status')}`,
      `Dir::State::lists=${directory.at('lists')}`,
      'Dir::Cache::pkgcache=',
      'Dir::Cache::srcpkgcache=',
    ].flatMap((option) => ['-o', option])
    const { stdout } = await run(['apt-cache', ...options, 'show', '--no-all-versions', 'aaa'])
    const policy = await run(['apt-cache', ...options, 'policy', 'aaa'])
    expect(stdout.toString()).toContain('Version: 1')
    expect(policy.stdout.toString()).toContain('Installed: 2')
    expect(() => deb.parseIndex(Buffer.from(stanza))).toThrow('is there twice')
  },
)
