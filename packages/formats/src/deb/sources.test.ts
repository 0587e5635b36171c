import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { digestOf, hexOf, run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { aptIn } from '../testing/apt.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { parseBuildDependencies } from './relation.ts'
import { parseDsc, parseSources, renderSource } from './sources.ts'

type At = (...parts: string[]) => string

/** A source package that dpkg-source makes. */
async function sourcePackage(at: At): Promise<{ readonly directory: string; readonly dsc: string }> {
  const directory = at('pool')
  mkdirSync(`${directory}/hello-1.0/debian/source`, { recursive: true })
  const put = (name: string, text: string) => writeFileSync(`${directory}/hello-1.0/debian/${name}`, text)
  put(
    'control',
    'Source: hello\nMaintainer: Jane Doe <jane@example.org>\nSection: misc\nPriority: optional\n' +
      'Build-Depends: debhelper-compat (= 13), gcc [amd64], clang [!amd64]\nStandards-Version: 4.6.2\n\n' +
      'Package: hello\nArchitecture: any\nDescription: hi\n there\n\nPackage: hello-data\nArchitecture: all\nDescription: data\n there\n',
  )
  put(
    'changelog',
    'hello (1.0-1) unstable; urgency=low\n\n  * x\n\n -- J <j@example.org>  Sat, 21 Nov 2026 05:53:00 +0000\n',
  )
  put('source/format', '3.0 (quilt)\n')
  await run(['tar', 'czf', 'hello_1.0.orig.tar.gz', '--exclude=debian', 'hello-1.0'], { cwd: directory })
  await run(['dpkg-source', '--build', 'hello-1.0'], { cwd: directory })
  return { directory, dsc: `${directory}/hello_1.0-1.dsc` }
}

const EXPECTED = {
  name: 'hello',
  version: '1.0-1',
  binaries: ['hello', 'hello-data'],
  architectures: ['any', 'all'],
  format: '3.0 (quilt)',
}

const sourceTools = ['dpkg-source', 'tar'] as const

describe.skipIf(!haveTools(...sourceTools))(
  `a source package that dpkg-source made${skipReason(...sourceTools)}`,
  () => {
    test('its .dsc is read', async () => {
      using directory = scratch()
      const made = await sourcePackage(directory.at)
      const source = parseDsc(readFileSync(made.dsc))
      expect(source).toMatchObject({ ...EXPECTED, directory: '' })
      expect(source.files.map(({ name }) => name)).toEqual(['hello_1.0.orig.tar.gz', 'hello_1.0-1.debian.tar.xz'])
      for (const { name, size, sha256 } of source.files) {
        expect(statSync(`${made.directory}/${name}`).size).toBe(size)
        expect(hexOf(digestOf(readFileSync(`${made.directory}/${name}`)))).toBe(sha256)
      }
      const needs = source.fields.find(([name]) => name === 'Build-Depends')?.[1] ?? ''
      expect(parseBuildDependencies(needs, 'arm64').map(([first]) => first?.name)).toEqual([
        'debhelper-compat',
        'clang',
      ])
    })

    test.skipIf(!haveTools('apt-ftparchive', 'dpkg-scansources'))(
      `the indexes of apt-ftparchive and dpkg-scansources are read, and say what ours says${skipReason('apt-ftparchive', 'dpkg-scansources')}`,
      async () => {
        using directory = scratch()
        const made = await sourcePackage(directory.at)
        const dsc = readFileSync(made.dsc)
        const file = { name: 'hello_1.0-1.dsc', size: dsc.length, sha256: hexOf(digestOf(dsc)) }
        const [ours] = parseSources(Buffer.from(renderSource(parseDsc(dsc), file, 'pool')))
        expect(ours).toMatchObject({ ...EXPECTED, directory: 'pool' })
        for (const argv of [
          ['apt-ftparchive', 'sources', 'pool'],
          ['dpkg-scansources', 'pool'],
        ] as const) {
          const { stdout } = await run(argv, { cwd: directory.path })
          const [theirs, ...more] = parseSources(stdout)
          expect(more).toEqual([])
          expect(theirs).toMatchObject({ ...EXPECTED, directory: 'pool', files: ours?.files })
        }
      },
    )

    test.skipIf(!haveTools('apt-get'))(`apt fetches it by our index${skipReason('apt-get')}`, async () => {
      using directory = scratch()
      const { at } = directory
      const made = await sourcePackage(at)
      const dsc = readFileSync(made.dsc)
      const file = { name: 'hello_1.0-1.dsc', size: dsc.length, sha256: hexOf(digestOf(dsc)) }
      writeFileSync(at('Sources'), renderSource(parseDsc(dsc), file, 'pool'))
      const apt = aptIn(at('apt'), { base: directory.path, keyring: '', suite: '' })
      writeFileSync(at('apt/etc/apt/sources.list'), `deb-src [trusted=yes] file:${directory.path} ./\n`)
      const update = await apt(['update'])
      expect(update.code, update.stderr).toBe(0)
      const fetched = await apt(['source', '--print-uris', '--download-only', 'hello'])
      expect(fetched.code, fetched.stderr).toBe(0)
      const printed = fetched.stdout.toString()
      for (const { name, sha256, size } of [file, ...parseDsc(dsc).files])
        expect(printed).toMatch(new RegExp(`pool/${name}' \\S+ ${size} SHA256:${sha256}`))
    })
  },
)

const SOUND = `Package: a\nVersion: 1\nChecksums-Sha256:\n ${'a'.repeat(64)} 1 a.dsc\n`
test.each([
  'Version: 1\n',
  'Package: ../a\nVersion: 1\n',
  'Package: a\n',
  SOUND.replace(' 1 a.dsc', ' x a.dsc'),
  SOUND.replace(' a.dsc', ' ../a.dsc'),
  SOUND.replace(' a.dsc', ' ..'),
  `${SOUND}Directory: ../..\n`,
  `${SOUND}nothing\n`,
])('malformed: %j', (text) => {
  expect(parseSources(Buffer.from(SOUND))).toHaveLength(1)
  expect(() => parseSources(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

test('an index does not lead out of its repository', () => {
  const [source] = parseSources(Buffer.from(SOUND))
  if (!source) throw new Error('it is sound')
  const dsc = { name: 'a.dsc', size: 1, sha256: 'a'.repeat(64) }
  for (const directory of ['', '..', '/etc', 'a b'])
    expect(() => renderSource(source, dsc, directory)).toThrow(
      expect.objectContaining({ code: 'REPOSITORY_UNWRITABLE' }),
    )
})
