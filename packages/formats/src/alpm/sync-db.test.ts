import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { run, SYSTEM_PATH } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import { SMALL_PAYLOAD } from '../testing/payloads.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { parseIndex } from './sync-db.ts'
import { writePax, TAR_END } from './tar-pax.ts'
import { sampleFields } from './testing.ts'

const member = { uid: 0, gid: 0, mtime: 0, mode: 0o644, type: 'file' } as const

/** A database of these files by path. */
function database(files: Readonly<Record<string, string>>): Buffer {
  const members = Object.entries(files).map(([path, text]) => ({
    ...member,
    path,
    size: Buffer.byteLength(text),
    bytes: Buffer.from(text),
  }))
  return Buffer.concat([writePax(members), TAR_END])
}

function desc(name: string, version: string, more = ''): string {
  return `%FILENAME%\n${name}-${version}-any.pkg.tar.zst\n\n%NAME%\n${name}\n\n%VERSION%\n${version}\n\n%ARCH%\nany\n\n${more}`
}

const MORE = [
  ['depend', 'glibc>=2.36'],
  ['depend', 'sh'],
  ['optdepend', 'python: for the scripts'],
  ['provides', 'sample-api=2'],
  ['conflict', 'old'],
  ['replaces', 'old'],
  ['group', 'samples'],
  ['group', 'more'],
  ['makedepend', 'gcc'],
] as const

const TOOLS = ['repo-add', 'bsdtar', 'vercmp'] as const

test.skipIf(!haveTools(...TOOLS))(
  `repo-add's database is read; ours says the same${skipReason(...TOOLS)}`,
  async () => {
    using directory = scratch()
    const packages: string[] = []
    for (const [name, version] of [
      ['sample', '1:2.0-1'],
      ['sample-libs', '3.1rc2-1.1'],
    ] as const) {
      const path = directory.at(`${name}-${version}-x86_64.pkg.tar.zst`)
      const odd = { ...SMALL_PAYLOAD[2], path: 'usr/share/ä b' }
      const fields = sampleFields(name, version, MORE)
      await alpm.writePackage(path, {
        fields,
        control: new Map(),
        payload: [...SMALL_PAYLOAD, odd],
        epoch: 1_700_000_000,
      })
      writeFileSync(`${path}.sig`, `signature of ${name}`)
      packages.push(path)
    }
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
    await run(['repo-add', '--quiet', directory.at('sample.db.tar.gz'), ...packages], { env, cwd: directory.path })
    const entries = await Promise.all(
      packages.map(async (path) => {
        const name = path.slice(directory.path.length + 1)
        const companions = new Map([[`${name}.sig`, readFileSync(`${path}.sig`)]])
        return alpm.repository.renderEntry(await inspectPackage(alpm, path), name, companions)
      }),
    )
    const ours = entries.map(({ record }) => record)
    const byName = (records: typeof ours) => records.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    expect(byName(parseIndex(gunzipSync(readFileSync(directory.at('sample.db')))))).toEqual(byName(ours))
    const withFiles = byName(parseIndex(gunzipSync(readFileSync(directory.at('sample.files')))))
    expect(withFiles.map(({ files }) => files)).toEqual(
      ours.map(() =>
        ['usr', 'usr/share', 'usr/share/hello', 'usr/share/other', 'usr/share/ä b'].map((path) => `/${path}`),
      ),
    )
    // The members' text, to the letter: but for the MD5, which repo-add has left out since 6.1.
    const members = async (archive: string) => {
      const { stdout } = await run(['bsdtar', '-tf', archive], { env })
      const names = stdout.toString().trimEnd().split('\n').sort()
      const texts = await Promise.all(
        names.map(async (name) =>
          name.endsWith('/') ? '' : (await run(['bsdtar', '-xOf', archive, name], { env })).stdout,
        ),
      )
      return names.map((name, index) => [name, String(texts[index]).replace(/%MD5SUM%\n.*\n\n/, '')])
    }
    for (const part of ['db', 'files'] as const) {
      const parts = entries.map(({ parts }) => parts[part] ?? Buffer.alloc(0))
      writeFileSync(directory.at('ours'), gzipSync(Buffer.concat([...parts, TAR_END])))
      const found = await members(directory.at('ours'))
      expect(found).toHaveLength(part === 'db' ? 4 : 6)
      expect(found).toEqual(await members(directory.at(`sample.${part}.tar.gz`)))
    }
  },
)

test('a database from before pacman 5 has its dependencies in a file of their own', () => {
  const depends = '%DEPENDS%\nglibc>=2\n\n%CONFLICTS%\nold\n\n'
  const [record] = parseIndex(
    database({ 'a-1-1/desc': desc('a', '1-1'), 'b-1-1/desc': desc('b', '1-1'), 'a-1-1/depends': depends }),
  )
  expect(record).toMatchObject({
    name: 'a',
    depends: [[{ name: 'glibc', operator: '>=', version: '2' }]],
    conflicts: [{ name: 'old' }],
  })
})

test('of a list that comes twice both count, as in libalpm; of a value the last', () => {
  const twice = '%DEPENDS%\nglibc\n\n%DESC%\nfirst\n\n%DEPENDS%\nsh\n\n%DESC%\nlast\n\n'
  expect(parseIndex(database({ 'a-1-1/desc': desc('a', '1-1', twice) }))).toMatchObject([
    { depends: [[{ name: 'glibc' }], [{ name: 'sh' }]], description: 'last' },
  ])
})

test('records share the relations and groups they have in common', () => {
  const more = '%DEPENDS%\nglibc>=2\n\n%GROUPS%\nsamples\nmore\n\n'
  const [a, b] = parseIndex(database({ 'a-1-1/desc': desc('a', '1-1', more), 'b-1-1/desc': desc('b', '1-1', more) }))
  expect(a?.depends[0]).toBe(b?.depends[0])
  expect(a?.groups).toBe(b?.groups)
  expect(a?.groups).toEqual(['samples', 'more'])
})

const sound = database({ 'a-1-1/desc': desc('a', '1-1'), 'b-1-1/desc': desc('b', '1-1') })

test.each([
  ['nothing', Buffer.alloc(0), /ends after 0 bytes/],
  ['a database cut between two members', sound.subarray(0, 1024), /ends after 1024 bytes/],
  ['another name than its directory', database({ 'a-1-1/desc': desc('b', '1-1') }), /a-1-1: its desc is that of b 1-1/],
  [
    'a file name with a slash',
    database({ 'a-1-1/desc': desc('a', '1-1').replace('a-1-1-any', '../a') }),
    /a-1-1: .*beside the database/,
  ],
  ['no file name', database({ 'a-1-1/desc': desc('a', '1-1').replace(/^.*\n.*\n\n/, '') }), /%FILENAME%/],
  ['no name', database({ 'a-1-1/desc': '%VERSION%\n1-1\n\n' }), /a-1-1: "" is no pkgname/],
  ['a version without pkgrel', database({ 'a-1/desc': desc('a', '1') }), /pkgver-pkgrel/],
  ['no section', database({ 'a-1-1/desc': 'NAME\na\n' }), /a-1-1: no section at byte 0: NAME/],
  ['a size that is none', database({ 'a-1-1/desc': desc('a', '1-1', '%CSIZE%\n-5\n\n') }), /"-5" is no size/],
  ['a malformed relation', database({ 'a-1-1/desc': desc('a', '1-1', '%DEPENDS%\nb>=\n\n') }), /a-1-1: .*no relation/],
  ['a digest that is none', database({ 'a-1-1/desc': desc('a', '1-1', '%SHA256SUM%\nabc\n\n') }), /no SHA-256/],
])('a database with %s is refused', (_, bytes, what) => {
  expect(() => parseIndex(bytes)).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
  expect(() => parseIndex(bytes)).toThrow(what)
})

test('a desc of any bytes is read or refused', () => {
  const word = fc.constantFrom(
    '%NAME%',
    '%DEPENDS%',
    '%FILES%',
    '%',
    '\n',
    '\n\n',
    'a',
    '1-1',
    '\xff',
    '\0',
    '%ARCH%\nany',
    '%%',
  )
  fc.assert(
    fc.property(
      fc.array(word).map((words) => words.join('')),
      (text) => {
        try {
          parseIndex(database({ 'a-1-1/desc': desc('a', '1-1', text), 'b-1-1/desc': text }))
        } catch (error) {
          expect(error).toMatchObject({ code: 'REPOSITORY_MALFORMED' })
        }
      },
    ),
    { numRuns: 300 },
  )
})
