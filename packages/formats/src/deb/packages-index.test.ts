import { readdirSync } from 'node:fs'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { parseStanzas } from './control.ts'
import { parseIndex } from './packages-index.ts'
import { recordOf, valuesOf } from './record.ts'

const SAMPLE = `Package: libc6
Source: glibc (2.36-9)
Version: 2.36-9+deb12u4
Installed-Size: 12986
Maintainer: GNU Libc Maintainers <x@example.org>
Architecture: amd64
Replaces: libc6-amd64
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)
Recommends: libidn2-0 (>= 2.0.5~)
Breaks: aide (<< 0.17.3-4+b3), busybox (<< 1.30.1-6)
Multi-Arch: same
Description: GNU C Library: Shared libraries – käse
Description-md5: fc3001b0b90a1c8e6690b283a619d57f
Section: libs
Priority: optional
Filename: pool/main/g/glibc/libc6_2.36-9+deb12u4_amd64.deb
Size: 2755188
SHA256: eb6cba23e42ec9c1e4e57c2fae9cd5b5b7d1ea61a7f6fd4a3fe8ab2dbbf86ae6

package: init
version: 1.65.2
ARCHITECTURE: all
Essential: yes
Pre-Depends: systemd-sysv |
 sysvinit-core
Provides: x (= 1),
 y
Filename: ./init.deb
`

test('the fields of a record', () => {
  expect(parseIndex(Buffer.from(SAMPLE))).toEqual([
    {
      name: 'libc6',
      version: '2.36-9+deb12u4',
      architecture: 'amd64',
      source: 'glibc',
      sourceVersion: '2.36-9',
      essential: false,
      priority: 'optional',
      section: 'libs',
      multiArch: 'same',
      depends: [[{ name: 'libgcc-s1' }], [{ name: 'libcrypt1', operator: '>=', version: '1:4.4.10-10~' }]],
      preDepends: [],
      recommends: [[{ name: 'libidn2-0', operator: '>=', version: '2.0.5~' }]],
      provides: [],
      conflicts: [],
      breaks: [
        { name: 'aide', operator: '<<', version: '0.17.3-4+b3' },
        { name: 'busybox', operator: '<<', version: '1.30.1-6' },
      ],
      replaces: [{ name: 'libc6-amd64' }],
      size: 2_755_188,
      installedSize: 12_986,
      sha256: 'eb6cba23e42ec9c1e4e57c2fae9cd5b5b7d1ea61a7f6fd4a3fe8ab2dbbf86ae6',
      filename: 'pool/main/g/glibc/libc6_2.36-9+deb12u4_amd64.deb',
      description: 'GNU C Library: Shared libraries – käse',
    },
    expect.objectContaining({
      name: 'init',
      source: 'init',
      sourceVersion: '1.65.2',
      essential: true,
      multiArch: 'no',
      preDepends: [[{ name: 'systemd-sysv' }, { name: 'sysvinit-core' }]],
      provides: [{ name: 'x', operator: '=', version: '1' }, { name: 'y' }],
      size: 0,
      sha256: '',
    }),
  ])
})

test('an empty index has no packages', () => {
  expect(parseIndex(Buffer.from(''))).toEqual([])
  expect(parseIndex(Buffer.from('\n\n'))).toEqual([])
})

const SOUND = 'Package: a\nVersion: 1\nArchitecture: all\n'
test.each([
  ['Version: 1\nArchitecture: all\n', 'no name'],
  ['Package: ../a\nVersion: 1\nArchitecture: all\n', 'a name with a path'],
  ['Package: a\nArchitecture: all\n', 'no version'],
  ['Package: a\nVersion: 1 2\nArchitecture: all\n', 'a version with a space'],
  ['Package: a\nVersion: 1\n', 'no architecture'],
  [`${SOUND}Depends: a (1)\n`, 'a dependency that does not parse'],
  [`${SOUND}Size: -1\n`, 'a negative size'],
  [`${SOUND}Size: 1e3x\n`, 'a size that is no number'],
  [`${SOUND}SHA256: abc\n`, 'a short digest'],
  [`${SOUND}Filename: ../../etc/passwd\n`, 'a path that leads out'],
  [`${SOUND}Filename: /etc/passwd\n`, 'an absolute path'],
  [`${SOUND}no colon here\n`, 'a line that is no field'],
  [' continues nothing\n', 'a continuation of nothing'],
])('malformed: %j (%s)', (text) => {
  expect(() => parseIndex(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

const LISTS = '/var/lib/apt/lists'
const HELPER = '/usr/lib/apt/apt-helper'
const lists = (() => {
  try {
    return readdirSync(LISTS).filter((name) => /_Packages(\.lz4|\.xz|\.gz)?$/.test(name))
  } catch {
    return []
  }
})()

test.skipIf(lists.length === 0)(
  `every stanza of this machine's own indexes is read${lists.length === 0 ? ' (skipped: apt has no lists here)' : ''}`,
  async () => {
    for (const list of lists) {
      const { stdout } = await run([HELPER, 'cat-file', `${LISTS}/${list}`], { maxOutputBytes: 1e9 })
      const start = process.cpuUsage()
      const records = parseIndex(stdout)
      const spent = process.cpuUsage(start)
      const ms = (spent.user + spent.system) / 1000
      const expected = stdout.toString('latin1').match(/^Package:/gm)?.length ?? 0
      expect(records.length).toBe(expected)
      expect(records.every(({ sha256, filename, size }) => sha256 !== '' && filename !== '' && size > 0)).toBe(true)
      // 50 MB take 0.6 s. Time on the processor, not on the clock: others share the machine.
      expect(ms).toBeLessThan(300 + stdout.length / 30_000)
      // The quick parser and the plain one agree.
      const text = stdout.toString('utf8')
      const stanzas = parseStanzas(text.slice(0, text.indexOf('\n\n', 2_000_000) + 1 || undefined))
      const complain = (what: string) => new Error(what)
      expect(records.slice(0, stanzas.length)).toEqual(
        stanzas.map((stanza) => recordOf(valuesOf(stanza), { complain })),
      )
    }
  },
)
