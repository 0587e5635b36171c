import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import { aptIn, gpgSigner, stopGpg } from '../testing/apt.ts'
import { type BuiltRepository, buildRepository } from '../testing/contract-repository.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { Stanza } from './control.ts'
import { deb } from './index.ts'
import { poolPath } from './pool-path.ts'
import { sampleFields, sampleSettings } from './testing.ts'

type At = (...parts: string[]) => string

async function packageOf(
  at: At,
  name: string,
  version: string,
  more: Stanza = [],
  architecture = 'amd64',
): Promise<string> {
  const path = at(`${name}_${version.replace(':', '-')}.deb`)
  const fields = sampleFields(name, version, more).map(
    ([field, value]) => [field, field === 'Architecture' ? architecture : value] as const,
  )
  await deb.writePackage(path, { fields, control: new Map(), payload: [], epoch: 0 })
  return path
}

function place(built: BuiltRepository, base: string): void {
  for (const [path, bytes] of built.files) {
    mkdirSync(dirname(`${base}/${path}`), { recursive: true })
    writeFileSync(`${base}/${path}`, bytes)
  }
}

const settings = sampleSettings({ date: Math.floor(Date.now() / 1000) })
const needs = ['apt-get', 'gpg', 'gpgv', 'gpgconf'] as const

describe.skipIf(!haveTools(...needs))(`as apt sees it${skipReason(...needs)}`, () => {
  test('a repository of many chunks is trusted, listed and downloaded, by either form of its index', async () => {
    using directory = scratch()
    const { at } = directory
    const signer = await gpgSigner(at('gnupg'))
    try {
      const packages = [
        await packageOf(at, 'hello', '1.0-1', [['Depends', 'libhello (>= 1), common']]),
        await packageOf(at, 'libhello', '1:1.0-1', [['Source', 'hello (1.0-1)']]),
        await packageOf(at, 'common', '1.0-1', [], 'all'),
        ...(await Promise.all(['x', 'y', 'z'].map((name) => packageOf(at, `other-${name}`, '1')))),
      ]
      const inOneWeek = { ...settings, validUntil: settings.date + 7 * 86_400 }
      const built = await buildRepository(deb, packages, { settings: inOneWeek, directory: directory.path, signer })
      place(built, at('site'))
      const source = { base: at('site'), keyring: signer.keyring, suite: 'stable' }
      for (const form of ['zst', 'gz']) {
        const options = ['-o', `Acquire::CompressionTypes::Order::=${form}`, '-o', 'Acquire::By-Hash=force'] as const
        const apt = aptIn(at(`apt-${form}`), source)
        const update = await apt([...options, 'update'])
        expect(`${update.code} ${update.stderr}`, form).toBe('0 ')
        const policy = (await apt(['--simulate', 'install', 'hello', 'other-z'])).stdout.toString()
        expect(policy).toMatch(/Inst hello \(1\.0-1 Example:stable \[amd64\]\)/)
        expect(policy).toMatch(/Inst common \(1\.0-1 Example:stable \[all\]\)/)
        const fetched = await apt([...options, 'install', '--download-only', 'hello', 'other-x', 'other-y', 'other-z'])
        expect(fetched.stdout.toString(), fetched.stderr).toMatch(/6 newly installed/)
      }

      // The judge can say no: to a state that has run out, and to one byte more.
      rmSync(at('site/dists'), { recursive: true })
      const past = { ...settings, date: settings.date - 9 * 86_400, validUntil: settings.date - 86_400 }
      place(await buildRepository(deb, packages, { settings: past, directory: directory.path, signer }), at('site'))
      const late = await aptIn(at('late'), source)(['update'])
      expect(late.stderr).toMatch(/is expired/)
      const top = built.files.get('dists/stable/InRelease')?.toString() ?? ''
      place(
        { ...built, files: new Map([['dists/stable/InRelease', Buffer.from(top.replace('Example', 'Mallory'))]]) },
        at('site'),
      )
      rmSync(at('site/dists/stable/Release.gpg'))
      expect((await aptIn(at('forged'), source)(['update'])).stderr).toMatch(/BADSIG|not signed|couldn't be verified/)
    } finally {
      await stopGpg(at('gnupg'))
    }
  })
})

test('an entry stands as the package has it, and says where its file is', async () => {
  using directory = scratch()
  const path = await packageOf(directory.at, 'hello', '1:1.0-1', [
    ['Filename', 'elsewhere'],
    ['X-Mine', 'kept'],
  ])
  const inspected = await inspectPackage(deb, path)
  const where = deb.repository.packagePath(inspected.record, 'main')
  expect(where).toBe('pool/main/h/hello/hello_1.0-1_amd64.deb')
  const { record, parts } = deb.repository.renderEntry(inspected, where, new Map())
  expect(record).toEqual({ ...inspected.record, filename: where })
  expect(parts['Packages']?.toString()).toMatch(
    /^Package: hello\n[^]*X-Mine: kept\n[^]*Filename: pool\/main\/h\/hello\//,
  )
  expect(parts['Packages']?.toString()).toMatch(/\nSHA256: [0-9a-f]{64}\n\n$/)
})

describe('is refused', () => {
  const refused = expect.objectContaining({ code: 'REPOSITORY_UNWRITABLE' })

  test.each(['../passwd', '/tmp/passwd', 'dists/stable/InRelease', 'pool/../../passwd', 'pool/a b.deb', ''])(
    'a package at %j',
    async (path) => {
      using directory = scratch()
      const inspected = await inspectPackage(deb, await packageOf(directory.at, 'hello', '1'))
      expect(() => deb.repository.renderEntry(inspected, path, new Map())).toThrow(refused)
    },
  )

  test.each([
    { suite: '../x' },
    { component: 'a/b' },
    { architectures: [] },
    { architectures: ['all'] },
    { suite: '' },
  ])('a repository with %j', (more) => {
    expect(() => deb.repository.indexes({ ...settings, ...more })).toThrow(refused)
  })
})

test('the digests that a top names are found again', async () => {
  using directory = scratch()
  const built = await buildRepository(deb, [await packageOf(directory.at, 'hello', '1')], {
    settings,
    directory: directory.path,
  })
  for (const top of ['InRelease', 'Release']) {
    const named = deb.repository.indexesOf(built.files.get(`dists/stable/${top}`) ?? Buffer.alloc(0))
    expect(named.map(({ path }) => path)).toEqual(
      ['main/binary-amd64/Packages', 'main/source/Sources'].flatMap((index) =>
        ['', '.zst', '.gz'].map((end) => `${index}${end}`),
      ),
    )
    for (const { path, sha256 } of named.filter((index) => /\.(?:zst|gz)$/.test(index.path)))
      expect(built.files.get(`dists/stable/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sha256}`)).toEqual(
        built.files.get(`dists/stable/${path}`),
      )
  }
})

test.skipIf(!haveTools('dpkg-scanpackages'))(
  `dpkg-scanpackages says the same of a package${skipReason('dpkg-scanpackages')}`,
  async () => {
    using directory = scratch()
    const path = await packageOf(directory.at, 'hello', '1:1.0-1', [['Depends', 'a | b (>= 1)']])
    const { stdout } = await run(['dpkg-scanpackages', '--multiversion', '.'], { cwd: directory.path, okCodes: [0] })
    const [theirs] = deb.parseIndex(stdout)
    const ours = await inspectPackage(deb, path)
    expect({ ...theirs, filename: '' }).toEqual(ours.record)
  },
)

test('where a package file lies in the pool', async () => {
  using directory = scratch()
  const path = await packageOf(directory.at, 'libfoo1', '2:1.0-1', [['Source', 'libfoo (1.0)']])
  const { record } = await deb.readPackage(path)
  expect(poolPath('main', record)).toBe('pool/main/libf/libfoo/libfoo1_1.0-1_amd64.deb')
  expect(poolPath('main', { ...record, source: 'lib' })).toBe('pool/main/l/lib/libfoo1_1.0-1_amd64.deb')
})
