import { imageSchema } from '@holotype/distribution'
import { describe, expect, test } from 'vitest'
import { pruneRules, pruner } from './prune-rules.ts'

const specOf = (prune: object) => imageSchema.parse({ packages: ['a'], prune })
const left = (prune: object, paths: readonly string[]) => paths.filter(pruner(specOf(prune)))

const PATHS = [
  '/usr/share/man/man1/ls.1.gz',
  '/usr/share/man/de/man1/ls.1.gz',
  '/usr/share/man/pt_BR/man1/ls.1.gz',
  '/usr/share/man/zh_CN/man1/ls.1.gz',
  '/usr/share/locale/de/LC_MESSAGES/a.mo',
  '/usr/share/locale/pt/LC_MESSAGES/a.mo',
  '/usr/share/locale/pt_BR/LC_MESSAGES/a.mo',
  '/usr/share/locale/sr@latin/LC_MESSAGES/a.mo',
  '/usr/share/locale/locale.alias',
  '/usr/share/doc/bash/changelog.Debian.gz',
  '/usr/share/doc/bash/copyright',
  '/usr/share/doc/libgcc-s1',
  '/usr/share/info/ls.info.gz',
  '/usr/bin/ls',
]

describe('what is left out of an image', () => {
  test('nothing by itself', () => expect(left({}, PATHS)).toEqual([]))

  test('translations but those of the languages that stay, with their regions and their language', () => {
    expect(left({ locales: ['pt_BR'] }, PATHS)).toEqual([
      '/usr/share/man/de/man1/ls.1.gz',
      '/usr/share/man/zh_CN/man1/ls.1.gz',
      '/usr/share/locale/de/LC_MESSAGES/a.mo',
      '/usr/share/locale/sr@latin/LC_MESSAGES/a.mo',
    ])
    expect(left({ locales: [] }, PATHS)).toEqual(
      PATHS.filter((path) => /(locale|man)\/(?!man1)[a-z]{2}[_@/]/.test(path)),
    )
    expect(left({ locales: ['sr', 'de', 'zh', 'pt'] }, PATHS)).toEqual([])
  })

  test('documentation, but no copyright and no link to one', () => {
    expect(left({ docs: false }, PATHS)).toEqual(['/usr/share/doc/bash/changelog.Debian.gz'])
  })

  test('manual pages, info pages, and paths', () => {
    expect(left({ man: false }, PATHS)).toEqual(PATHS.filter((path) => path.includes('/man/')))
    expect(left({ info: false, paths: ['/usr/bin/*'] }, PATHS)).toEqual(['/usr/share/info/ls.info.gz', '/usr/bin/ls'])
    expect(left({ man: false, keep: ['/usr/share/man/de/**'] }, PATHS)).not.toContain('/usr/share/man/de/man1/ls.1.gz')
  })

  test('each rule knows its place in the spec', () => {
    const rules = pruneRules(specOf({ paths: ['/a', '/b'], info: false }))
    expect(rules.map(({ key, glob }) => [key.join('.'), glob])).toEqual([
      ['prune.paths.0', '/a'],
      ['prune.paths.1', '/b'],
      ['prune.info', '/usr/share/info/**'],
    ])
  })
})
