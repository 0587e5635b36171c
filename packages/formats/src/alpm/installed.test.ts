import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scratch } from '../testing/tools.ts'
import { readInstalled } from './installed.ts'

type Directory = ReturnType<typeof scratch>

function install(root: Directory, directory: string, desc: string): void {
  mkdirSync(root.at('var/lib/pacman/local', directory), { recursive: true })
  writeFileSync(root.at('var/lib/pacman/local', directory, 'desc'), desc)
}

const GLIBC =
  '%NAME%\nglibc\n\n%VERSION%\n2.38-7\n\n%BASE%\nglibc-all\n\n%ARCH%\nx86_64\n\n%PACKAGER%\nJané Doe <jane@example.org>\n\n%VALIDATION%\npgp\n\n'
const LICENSES =
  '%NAME%\nlicenses\n\n%VERSION%\n1:2024-1\n\n%ARCH%\nany\n\n%PACKAGER%\nUnknown Packager\n\n%DEPENDS%\nbash>=5\n\n'

test('what libalpm wrote, sorted, beside its version file', () => {
  using root = scratch()
  install(root, 'licenses-1:2024-1', LICENSES)
  install(root, 'glibc-2.38-7', GLIBC)
  writeFileSync(root.at('var/lib/pacman/local/ALPM_DB_VERSION'), '9\n')
  expect(readInstalled(root.path)).toEqual([
    {
      name: 'glibc',
      version: '2.38-7',
      architecture: 'x86_64',
      source: 'glibc-all',
      state: 'installed',
      origin: 'Jané Doe <jane@example.org>',
    },
    { name: 'licenses', version: '1:2024-1', architecture: 'any', source: 'licenses', state: 'installed' },
  ])
})

test('the database is read inside its root, through links as the root sees them', () => {
  using root = scratch()
  install(root, 'glibc-2.38-7', GLIBC)
  mkdirSync(root.at('usr/lib'), { recursive: true })
  mkdirSync(root.at('elsewhere'))
  symlinkSync('/var/lib/pacman/local/glibc-2.38-7', root.at('var/lib/pacman/local/link'))
  expect(() => readInstalled(root.path)).toThrow(/its directory is link/)
  rmSync(root.at('var/lib/pacman/local/link'))
  symlinkSync('/etc', root.at('var/lib/pacman/local/out'))
  // In this root there is no /etc.
  expect(readInstalled(root.path)).toHaveLength(1)
})

test.each([
  ['another package than its directory', 'glibc-2.38-8', GLIBC, /its directory is glibc-2.38-8/],
  ['no section', 'a-1-1', 'garbage\n', /no section at byte 0: garbage/],
  ['no name', 'a-1-1', '%VERSION%\n1-1\n', /no pkgname/],
  ['a name that leads out', 'a-1-1', '%NAME%\n../a\n\n%VERSION%\n1-1\n', /no pkgname/],
])('a desc with %s is refused, with its path', (_, directory, desc, what) => {
  using root = scratch()
  install(root, directory, desc)
  expect(() => readInstalled(root.path)).toThrow(expect.objectContaining({ code: 'INSTALLED_MALFORMED' }))
  expect(() => readInstalled(root.path)).toThrow(what)
  expect(() => readInstalled(root.path)).toThrow(`local/${directory}/desc`)
})

test('a package without a desc is refused', () => {
  using root = scratch()
  mkdirSync(root.at('var/lib/pacman/local/a-1-1'), { recursive: true })
  expect(() => readInstalled(root.path)).toThrow(expect.objectContaining({ code: 'INSTALLED_MALFORMED' }))
})
