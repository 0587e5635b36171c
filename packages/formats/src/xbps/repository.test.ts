import { createPublicKey, verify } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import { buildRepository } from '../testing/contract-repository.ts'
import { SMALL_PAYLOAD } from '../testing/payloads.ts'
import { noSigner } from '../testing/signers.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { xbps } from './index.ts'
import { parseRepodata } from './repodata-read.ts'
import { sampleIndex, samplePackage } from './testing.ts'

const settings = {
  origin: 'Example',
  label: 'Example',
  suite: 'current',
  codename: 'current',
  description: 'a repository for tests',
  component: '',
  architectures: ['x86_64', 'aarch64', 'noarch'],
  date: 1_700_000_000,
}

async function build(at: ReturnType<typeof scratch>, packages: readonly (readonly [string, string, string])[]) {
  const files: string[] = []
  for (const [name, version, architecture] of packages) {
    const path = at.at(`${name}-${version}.${architecture}`)
    const content = samplePackage(name, version, SMALL_PAYLOAD)
    const fields = content.fields.map(
      ([field, value]) => [field, field === 'architecture' ? architecture : value] as const,
    )
    await xbps.writePackage(path, { ...content, fields })
    files.push(path)
  }
  return buildRepository(xbps, files, { settings, directory: at.path })
}

const SOME = [
  ['foo', '1.0_1', 'x86_64'],
  ['foo-doc', '1.0_1', 'noarch'],
  ['foo', '1.10_1', 'x86_64'],
  ['foo', '1.2_1', 'x86_64'],
  ['bar', '2_1', 'aarch64'],
] as const

const pkgvers = (packages: readonly { readonly name: string; readonly version: string }[]) =>
  packages.map(({ name, version }) => `${name}-${version}`)

test('each architecture has its packages and those for any, the newest of a name', async () => {
  using at = scratch()
  const { files, open } = await build(at, SOME)
  const listed = (name: string) => pkgvers(parseRepodata(open.get(name) ?? Buffer.alloc(0)).packages)
  expect([...open.keys()]).toEqual(['x86_64-repodata', 'aarch64-repodata'])
  expect(listed('x86_64-repodata')).toEqual(['foo-1.10_1', 'foo-doc-1.0_1'])
  expect(listed('aarch64-repodata')).toEqual(['bar-2_1', 'foo-doc-1.0_1'])
  expect([...files.keys()]).toEqual(
    expect.arrayContaining([
      'foo-1.10_1.x86_64.xbps',
      'foo-1.10_1.x86_64.xbps.sig2',
      'x86_64-repodata',
      'x86_64-repodata.sig',
    ]),
  )
})

test('a package is signed by the key that index-meta.plist names', async () => {
  using at = scratch()
  const { files, open } = await build(at, SOME)
  const { meta } = parseRepodata(open.get('x86_64-repodata') ?? Buffer.alloc(0))
  expect([...meta.keys()]).toEqual(['public-key', 'public-key-size', 'signature-by', 'signature-type'])
  expect(meta.get('signature-type')).toBe('rsa')
  expect(meta.get('signature-by')).toBe((await noSigner.rsaPublicKey()).signedBy)
  const pem = meta.get('public-key')
  const key = createPublicKey(Buffer.isBuffer(pem) ? pem : '')
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(meta.get('public-key-size'))
  const file = files.get('foo-1.0_1.x86_64.xbps') ?? Buffer.alloc(0)
  const signature = files.get('foo-1.0_1.x86_64.xbps.sig2') ?? Buffer.alloc(0)
  expect(verify('sha256', file, key, signature)).toBe(true)
  expect(verify('sha256', Buffer.concat([file, Buffer.alloc(1)]), key, signature)).toBe(false)
})

test('without a key index-meta.plist is empty, and so is the index without packages', () => {
  const [index] = xbps.repository.indexes(settings)
  const bytes = Buffer.concat([index?.opening(0, 0) ?? Buffer.alloc(0), index?.closing(0, 0) ?? Buffer.alloc(0)])
  // Three headers and the two blocks at the end.
  expect(bytes.length).toBe(5 * 512)
  expect(parseRepodata(bytes)).toEqual({ packages: [], meta: new Map() })
})

test.skipIf(!haveTools('bsdtar'))(`libarchive sees three members, in their order${skipReason('bsdtar')}`, async () => {
  using at = scratch()
  const { files, open } = await build(at, SOME)
  writeFileSync(at.at('repodata'), files.get('x86_64-repodata') ?? '')
  mkdirSync(at.at('out'))
  const { stdout } = await run(['bsdtar', '-tvf', at.at('repodata')], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  })
  expect(stdout.toString()).toMatch(
    /^-rw-r--r-- {2}0 root +root +\d+ Jan {2}1 {2}1970 index\.plist\n.* index-meta\.plist\n.* 0 Jan {2}1 {2}1970 stage\.plist\n$/,
  )
  await run(['bsdtar', '-xf', at.at('repodata'), '-C', at.at('out')])
  const index = readFileSync(at.at('out/index.plist'))
  expect(open.get('x86_64-repodata')?.includes(index)).toBe(true)
  // libarchive would write the archive itself so, but for what pads it to its record size.
  const names = ['index.plist', 'index-meta.plist', 'stage.plist']
  await run(['touch', '-d', '@0', ...names], { cwd: at.at('out') })
  const owner = ['--uid', '0', '--gid', '0', '--uname', 'root', '--gname', 'root', '-b1']
  await run(['bsdtar', '-cf', at.at('theirs'), ...owner, ...names], { cwd: at.at('out') })
  expect(readFileSync(at.at('theirs')).equals(open.get('x86_64-repodata') ?? Buffer.alloc(0))).toBe(true)
})

test('what no client would find is refused', async () => {
  using at = scratch()
  const { repository } = xbps
  const unwritable = expect.objectContaining({ code: 'REPOSITORY_UNWRITABLE' })
  expect(() => repository.indexes({ ...settings, architectures: ['noarch'] })).toThrow(unwritable)
  expect(() => repository.indexes({ ...settings, architectures: ['../x'] })).toThrow(unwritable)
  await xbps.writePackage(at.at('p'), samplePackage('foo', '1_1', SMALL_PAYLOAD))
  const inspected = await inspectPackage(xbps, at.at('p'))
  expect(() => repository.renderEntry(inspected, 'pool/foo-1_1.x86_64.xbps', new Map())).toThrow(unwritable)
  expect(() => repository.packagePath({ ...inspected.record, name: '../x' }, '')).toThrow(unwritable)
  expect(repository.packagePath(inspected.record, '')).toBe('foo-1_1.x86_64.xbps')
})

test('an index is refused with the place of what is wrong', () => {
  const [index] = xbps.repository.indexes(settings)
  const wrapped = (entries: string) => {
    const bytes = Buffer.from(entries)
    return Buffer.concat([
      index?.opening(1, bytes.length) ?? Buffer.alloc(0),
      bytes,
      index?.closing(1, bytes.length) ?? Buffer.alloc(0),
    ])
  }
  const entry = (name: string, more: string) => `<key>${name}</key><dict>${more}</dict>`
  const sound = '<key>pkgver</key><string>a-1_1</string><key>architecture</key><string>noarch</string>'
  expect(xbps.parseIndex(wrapped(entry('a', sound)))).toMatchObject([
    { name: 'a', version: '1_1', filename: 'a-1_1.noarch.xbps' },
  ])
  for (const [entries, message] of [
    [entry('b', sound), /a is listed as b/],
    ['<key>a</key><string>a</string>', /a is no dict/],
    [entry('a', ''), /"" is no pkgver/],
    [
      entry('a', `${sound}<key>filename-size</key><integer>-1</integer>`),
      /byte \d+ of the property list: expected a size/,
    ],
    [entry('a', `${sound}<key>filename-sha256</key><string>x</string>`), /no SHA-256/],
    [entry('a', `${sound}<key>run_depends</key><array><string>&gt;=1</string></array>`), /no package pattern/],
    [entry('a', `${sound}<key>run_depends</key><string>b</string>`), /expected <array>/],
    [
      entry('a', '<key>pkgver</key><string>a-1_1</string><key>architecture</key><string>../..</string>'),
      /no architecture/,
    ],
    [
      entry('../a', '<key>pkgver</key><string>../a-1_1</string><key>architecture</key><string>noarch</string>'),
      /no pkgver/,
    ],
  ] as const)
    expect(() => xbps.parseIndex(wrapped(entries)), entries).toThrow(
      expect.objectContaining({ code: 'REPOSITORY_MALFORMED', message: expect.stringMatching(message) }),
    )
  expect(() => xbps.parseIndex(Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

test('an index of 15,000 packages is read in less than a second', () => {
  const bytes = sampleIndex(15_000)
  const rounds = Array.from({ length: 2 }, () => {
    // The processor's time: others share the machine.
    const start = process.cpuUsage()
    expect(xbps.parseIndex(bytes).length).toBe(15_000)
    return process.cpuUsage(start).user / 1000
  })
  expect(Math.min(...rounds)).toBeLessThan(1000)
})
