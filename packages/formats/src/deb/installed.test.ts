import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { readInstalled } from './installed.ts'

const stanza = (name: string, status: string, more = 'Version: 1\nArchitecture: amd64\n') =>
  `Package: ${name}\nStatus: ${status}\n${more}\n`

function rootWith(status: string): ReturnType<typeof scratch> {
  const directory = scratch()
  mkdirSync(directory.at('var/lib/dpkg'), { recursive: true })
  writeFileSync(directory.at('var/lib/dpkg/status'), status)
  return directory
}

test('packages with files on disk, sorted', () => {
  using root = rootWith(
    stanza('z', 'install ok installed', 'Source: zz (2)\nVersion: 1:1\nArchitecture: i386\n') +
      stanza('z', 'install ok installed') +
      stanza('gone', 'deinstall ok config-files') +
      stanza('never', 'purge ok not-installed', '') +
      stanza('half', 'install reinstreq half-installed') +
      stanza('waiting', 'install ok triggers-awaited'),
  )
  expect(readInstalled(root.path)).toEqual([
    { name: 'half', version: '1', architecture: 'amd64', source: 'half', state: 'half-installed' },
    { name: 'waiting', version: '1', architecture: 'amd64', source: 'waiting', state: 'triggers-awaited' },
    { name: 'z', version: '1', architecture: 'amd64', source: 'z', state: 'installed' },
    { name: 'z', version: '1:1', architecture: 'i386', source: 'zz', state: 'installed' },
  ])
})

test('status.d/, as images without dpkg have it', () => {
  using root = rootWith('')
  mkdirSync(root.at('var/lib/dpkg/status.d'))
  writeFileSync(root.at('var/lib/dpkg/status.d/base'), 'Package: base-files\nVersion: 12\nArchitecture: amd64\n')
  writeFileSync(root.at('var/lib/dpkg/status.d/base.md5sums'), 'd41d8cd98f00b204e9800998ecf8427e  etc/x\n')
  expect(readInstalled(root.path).map(({ name, state }) => `${name} ${state}`)).toEqual(['base-files installed'])
})

test.each([
  ['a line that is no field', 'nonsense\n'],
  ['a stanza without a name', 'Version: 1\n'],
  ['a status of two words', stanza('a', 'install ok')],
  ['an installed package without a version', stanza('a', 'install ok installed', '')],
])('malformed: %s', (_, status) => {
  using root = rootWith(status)
  expect(() => readInstalled(root.path)).toThrow(expect.objectContaining({ code: 'INSTALLED_MALFORMED' }))
})

test('a link in the root does not lead out of it', () => {
  using outside = rootWith(stanza('outside', 'install ok installed'))
  using linked = scratch()
  mkdirSync(linked.at('var/lib'), { recursive: true })
  symlinkSync(outside.at('var/lib/dpkg'), linked.at('var/lib/dpkg'))
  expect(readInstalled(linked.path)).toEqual([])
  // An absolute link within the root is followed within it.
  using nested = scratch()
  mkdirSync(nested.at('real/dpkg'), { recursive: true })
  mkdirSync(nested.at('var'))
  symlinkSync('/real', nested.at('var/lib'))
  writeFileSync(nested.at('real/dpkg/status'), stanza('nested', 'install ok installed'))
  expect(readInstalled(nested.path).map(({ name }) => name)).toEqual(['nested'])
  using loop = scratch()
  symlinkSync('var', loop.at('var'))
  expect(readInstalled(loop.path)).toEqual([])
})

test.skipIf(!haveTools('dpkg-query'))(
  `this machine's packages are those dpkg-query names${skipReason('dpkg-query')}`,
  async () => {
    const format = '${Package} ${Version} ${Architecture} ${source:Package} ${db:Status-Status}\n'
    const { stdout } = await run(['dpkg-query', '--show', `--showformat=${format}`])
    const expected = stdout
      .toString()
      .trim()
      .split('\n')
      .filter((line) => !/ (config-files|not-installed)$/.test(line))
    const found = readInstalled('/').map(({ name, version, architecture, source, state }) =>
      [name, version, architecture, source, state].join(' '),
    )
    expect(found.toSorted()).toEqual(expected.toSorted())
  },
)
