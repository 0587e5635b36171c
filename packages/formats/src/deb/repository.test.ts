import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { digestOf, hexOf } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { aptIn, gpgSigner, stopGpg } from '../testing/apt.ts'
import { noSigner } from '../testing/contract.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { Stanza } from './control.ts'
import { deb } from './index.ts'
import { clearSignedText, parseHead } from './release.ts'
import { planRepository, writeRepository } from './repository.ts'
import { poolPath, type PublishedPackage, readHead, readRepository } from './repository-read.ts'
import { applyStep } from './repository-steps.ts'
import { sampleFields, sampleRepository } from './testing.ts'

type At = (...parts: string[]) => string

/** A package file ready to publish. `content` makes other bytes of the same version. */
async function packageOf(
  at: At,
  name: string,
  version: string,
  {
    content = 'x',
    more = [],
    architecture = 'amd64',
  }: { readonly content?: string; readonly more?: Stanza; readonly architecture?: string } = {},
): Promise<PublishedPackage> {
  const path = at(`${name}_${version.replace(':', '-')}_${content}.deb`)
  const fields = sampleFields(name, version, more).map(
    ([field, value]) => [field, field === 'Architecture' ? architecture : value] as const,
  )
  await deb.writePackage(path, {
    fields,
    control: new Map(),
    payload: [
      {
        path: `usr/share/${name}`,
        type: 'file',
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        size: content.length,
        bytes: Buffer.from(content),
      },
    ],
    epoch: 0,
  })
  const { record } = await deb.readPackage(path)
  return { record: { ...record, filename: poolPath('main', record) }, fields, path }
}

const needs = ['apt-get', 'gpg', 'gpgv', 'gpgconf'] as const

describe.skipIf(!haveTools(...needs))(`as apt sees it${skipReason(...needs)}`, () => {
  test('a repository is trusted, listed and downloaded; every step of the next publication leaves it so', async () => {
    using directory = scratch()
    const { at } = directory
    const signer = await gpgSigner(at('gnupg'))
    try {
      const base = at('site')
      const old = [
        await packageOf(at, 'hello', '1.0-1', { more: [['Depends', 'libhello (>= 1), common']] }),
        await packageOf(at, 'libhello', '1:1.0-1', { more: [['Source', 'hello (1.0-1)']] }),
        await packageOf(at, 'common', '1.0-1', { architecture: 'all' }),
      ]
      await writeRepository(base, sampleRepository(old), signer)
      const source = { base, keyring: signer.keyring, suite: 'stable' }
      const apt = aptIn(at('apt'), source)
      const update = await apt(['update'])
      expect(update.stderr).toBe('')
      // A repository on disk would be read in place; fetching by hash is what we want to see.
      const download = async (run = apt) => {
        const fetched = await run(['install', '--download-only', '-o', 'Acquire::By-Hash=force', 'hello'])
        return { ...fetched, text: fetched.stdout.toString() }
      }
      const first = await download()
      expect(first.code, first.stderr).toBe(0)
      expect(first.text).toMatch(/3 newly installed/)
      const policy = (await apt(['--simulate', 'install', 'hello'])).stdout.toString()
      expect(policy).toMatch(/Inst hello \(1\.0-1 Example:stable \[amd64\]\)/)
      expect(policy).toMatch(/Inst common \(1\.0-1 Example:stable \[all\]\)/)

      const next = sampleRepository(
        [...old, await packageOf(at, 'hello', '1.0-2', { more: [['Depends', 'libhello']] })],
        { date: 1_700_000_100 },
      )
      const steps = await planRepository(base, next, signer)
      const pointer = steps.findIndex((step) => step.kind === 'write' && step.to.endsWith('/InRelease'))
      expect(steps.slice(pointer + 1).every(({ kind }) => kind === 'prune')).toBe(true)
      for (const [index, step] of steps.entries()) {
        applyStep(base, step)
        const hello = readRepository(base, 'stable', 'main').map(({ record }) => `${record.name} ${record.version}`)
        expect(hello.includes('hello 1.0-2'), `after step ${index}`).toBe(index >= pointer)
        // apt costs a second or so: it judges the moments that differ.
        if (![2, pointer - 1, pointer, steps.length - 1].includes(index)) continue
        rmSync(at('fresh'), { recursive: true, force: true })
        const fresh = aptIn(at('fresh'), source)
        const again = await fresh(['-o', 'Acquire::By-Hash=force', 'update'])
        expect(`${again.code} ${again.stderr}`, `update after step ${index}`).toBe('0 ')
        const simulated = (await fresh(['--simulate', 'install', 'hello'])).stdout.toString()
        expect(simulated).toMatch(index >= pointer ? /Inst hello \(1\.0-2 / : /Inst hello \(1\.0-1 /)
        expect((await download(fresh)).code).toBe(0)
        if (index !== pointer - 1) continue
        // What by-hash is there for: an old client that goes by name meets the new indexes under the old top, and refuses them.
        rmSync(at('byname'), { recursive: true, force: true })
        const byName = await aptIn(at('byname'), source)(['-o', 'Acquire::By-Hash=no', 'update'])
        expect(byName.stderr).toMatch(/Hash Sum mismatch|unexpected size/)
      }

      // The judge can say no.
      const inRelease = `${base}/dists/stable/InRelease`
      writeFileSync(inRelease, readFileSync(inRelease, 'utf8').replace('Label: Example', 'Label: Mallory'))
      rmSync(`${base}/dists/stable/Release.gpg`)
      const refused = await aptIn(at('refused'), source)(['update'])
      expect(refused.stderr).toMatch(/BADSIG|not signed|couldn't be verified/)
    } finally {
      await stopGpg(at('gnupg'))
    }
  })
})

test('what is published is read back, and publishing goes on from there', async () => {
  using directory = scratch()
  const { at } = directory
  expect(readRepository(at('site'), 'stable', 'main')).toEqual([])
  const one = await packageOf(at, 'one', '1.0-1')
  const all = await packageOf(at, 'data', '2', { architecture: 'all' })
  const architectures = ['amd64', 'arm64']
  await writeRepository(at('site'), sampleRepository([one, all], { architectures }), noSigner)
  // The files handed in are not needed any more.
  rmSync(one.path)
  const before = readRepository(at('site'), 'stable', 'main')
  expect(before.map(({ record }) => record)).toEqual([all.record, one.record])
  expect(before.map(({ fields }) => fields)).toEqual([all.fields, one.fields])
  const two = await packageOf(at, 'two', '1')
  await writeRepository(at('site'), sampleRepository([...before, two], { architectures }), noSigner)
  const index = (architecture: string) =>
    deb
      .parseIndex(readFileSync(at('site/dists/stable/main', `binary-${architecture}`, 'Packages')))
      .map(({ name }) => name)
  expect(index('amd64')).toEqual(['data', 'one', 'two'])
  expect(index('arm64')).toEqual(['data'])
})

test('every form of an index is what Release says, by name and by hash', async () => {
  using directory = scratch()
  const { at } = directory
  await writeRepository(
    at('site'),
    sampleRepository([await packageOf(at, 'one', '1')], { validUntil: 1_700_086_400 }),
    noSigner,
  )
  const suite = at('site/dists/stable')
  const text = readFileSync(`${suite}/Release`, 'utf8')
  expect(clearSignedText(readFileSync(`${suite}/InRelease`, 'utf8'))).toBe(text)
  const head = parseHead(text)
  expect(head).toMatchObject({
    date: '2023-11-14T22:13:20.000Z',
    validUntil: '2023-11-15T22:13:20.000Z',
    components: ['main'],
    architectures: ['amd64'],
  })
  expect(head.indexes.map(({ path }) => path)).toEqual(
    ['', '.gz', '.xz'].map((end) => `main/binary-amd64/Packages${end}`),
  )
  for (const { path, size, sha256 } of head.indexes)
    for (const file of [`${suite}/${path}`, `${suite}/main/binary-amd64/by-hash/SHA256/${sha256}`]) {
      expect(statSync(file).size).toBe(size)
      expect(hexOf(digestOf(readFileSync(file)))).toBe(sha256)
    }
})

test('old generations stay for a while', async () => {
  using directory = scratch()
  const { at } = directory
  const published: PublishedPackage[] = []
  let second: string | undefined
  for (let index = 0; index < 20; index++) {
    published.push(await packageOf(at, 'one', String(index)))
    await writeRepository(at('site'), sampleRepository(published), noSigner)
    if (index === 18) second = readHead(at('site'), 'stable')?.indexes[0]?.sha256
  }
  const byHash = readdirSync(at('site/dists/stable/main/binary-amd64/by-hash/SHA256'))
  expect(byHash).toContain(second)
  expect(byHash.length).toBe(3 * 17)
})

test('other components of the suite stay', async () => {
  using directory = scratch()
  const { at } = directory
  const one = await packageOf(at, 'one', '1')
  const extra = await packageOf(at, 'extra', '1')
  await writeRepository(at('site'), sampleRepository([one]), noSigner)
  const filename = poolPath('contrib', extra.record)
  await writeRepository(
    at('site'),
    sampleRepository([{ ...extra, record: { ...extra.record, filename } }], { component: 'contrib' }),
    noSigner,
  )
  expect(readRepository(at('site'), 'stable', 'main').map(({ record }) => record.name)).toEqual(['one'])
  expect(readRepository(at('site'), 'stable', 'contrib').map(({ record }) => record.name)).toEqual(['extra'])
})

describe('refused before anything is written', () => {
  const code = (name: string) => expect.objectContaining({ code: name })
  async function refused(
    change: (sound: PublishedPackage, at: At) => Promise<readonly PublishedPackage[]> | readonly PublishedPackage[],
    name: string,
  ): Promise<void> {
    using directory = scratch()
    const { at } = directory
    const sound = await packageOf(at, 'one', '1')
    await writeRepository(at('site'), sampleRepository([sound]), noSigner)
    const before = readFileSync(at('site/dists/stable/InRelease'))
    const packages = await change(sound, at)
    await expect(
      writeRepository(at('site'), sampleRepository(packages, { date: 1_800_000_000 }), noSigner),
    ).rejects.toThrow(code(name))
    expect(readFileSync(at('site/dists/stable/InRelease')).equals(before)).toBe(true)
    expect(existsSync(at('passwd'))).toBe(false)
  }

  test('the same version with other bytes', () =>
    refused(async (_, at) => [await packageOf(at, 'one', '1', { content: 'other' })], 'REPOSITORY_VERSION_TAKEN'))

  test('the same version twice with other bytes', () =>
    refused(
      async (_, at) => [
        await packageOf(at, 'two', '1', { content: 'a' }),
        await packageOf(at, 'two', '1', { content: 'b' }),
      ],
      'REPOSITORY_VERSION_TAKEN',
    ))

  test('a version that was published once and withdrawn, with other bytes', async () => {
    using directory = scratch()
    const { at } = directory
    await writeRepository(at('site'), sampleRepository([await packageOf(at, 'two', '1')]), noSigner)
    await writeRepository(at('site'), sampleRepository([]), noSigner)
    const again = sampleRepository([await packageOf(at, 'two', '1', { content: 'other' })])
    await expect(writeRepository(at('site'), again, noSigner)).rejects.toThrow(code('REPOSITORY_VERSION_TAKEN'))
  })

  test('a file that is not the one its record describes', () =>
    refused(
      (sound) => [
        {
          ...sound,
          record: { ...sound.record, name: 'three', sha256: 'a'.repeat(64), filename: 'pool/main/t/three.deb' },
        },
      ],
      'REPOSITORY_DIGEST_MISMATCH',
    ))

  test.each(['../passwd', '/tmp/passwd', 'dists/stable/InRelease', 'pool/../../passwd', ''])(
    'the file name %j',
    (filename) => refused((sound) => [{ ...sound, record: { ...sound.record, filename } }], 'REPOSITORY_UNWRITABLE'),
  )

  test('an architecture the repository does not have', () =>
    refused((sound) => [{ ...sound, record: { ...sound.record, architecture: 'arm64' } }], 'REPOSITORY_UNWRITABLE'))

  test('a signer that fails', async () => {
    using directory = scratch()
    const { at } = directory
    const failing = { ...noSigner, clearSign: () => Promise.reject(new Error('no key')) }
    const one = await packageOf(at, 'one', '1')
    await expect(writeRepository(at('site'), sampleRepository([one]), failing)).rejects.toThrow('no key')
    expect(existsSync(at('site'))).toBe(false)
  })
})

test('a damaged index of ours is not built upon', async () => {
  using directory = scratch()
  const { at } = directory
  await writeRepository(at('site'), sampleRepository([await packageOf(at, 'one', '1')]), noSigner)
  const sha256 = readHead(at('site'), 'stable')?.indexes[0]?.sha256 ?? ''
  writeFileSync(at('site/dists/stable/main/binary-amd64/by-hash/SHA256', sha256), 'x')
  await expect(writeRepository(at('site'), sampleRepository([]), noSigner)).rejects.toThrow(
    expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }),
  )
})

test('where a package file lies in the pool', async () => {
  using directory = scratch()
  const { record } = await packageOf(directory.at, 'libfoo1', '2:1.0-1', { more: [['Source', 'libfoo (1.0)']] })
  expect(poolPath('main', record)).toBe('pool/main/libf/libfoo/libfoo1_1.0-1_amd64.deb')
  expect(poolPath('main', { ...record, source: 'lib' })).toBe('pool/main/l/lib/libfoo1_1.0-1_amd64.deb')
})
