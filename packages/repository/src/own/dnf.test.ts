import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring, type Keyring } from '@holotype/trust'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Dnf, dnfWith } from '../testing/dnf.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest, ingestMany } from './ingest.ts'
import { type OwnRepository, placeOf } from './place.ts'
import { publish } from './publish.ts'
import { ownPackages } from './state.ts'
import { withdraw } from './withdraw.ts'

const missing = ['dnf', 'rpm', 'rpmkeys'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const reason = missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`

const folder = testFolder()
const settings = { ...OWN_SETTINGS, suite: '', codename: '', architectures: ['x86_64'] }
const write = (words: Parameters<typeof writeSmall>[2]) => writeSmall(join(folder, 'built'), 'rpm', words)

/** A repository of rpm packages, its key of this kind. */
async function newRepository(place: string, repositoryKey: 'ed25519' | 'rsa' = 'ed25519') {
  const keyring = await createKeyring(join(folder, place, 'keys'), { now: new Date((THEN - 60) * 1000), repositoryKey })
  const repository: OwnRepository = {
    store: openStore(join(folder, place, 'store')),
    name: 'acme',
    format: formats.rpm,
    component: '',
    signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
  }
  const base = join(folder, place, 'base')
  return { repository, base, keyring, key: await keyFile(keyring, join(folder, `${place}.asc`)) }
}

async function keyFile(keyring: Keyring, path: string): Promise<string> {
  writeFileSync(path, (await keyring.openPgpPublicKey()).armored)
  return path
}

async function good(dnf: Dnf, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await dnf(...argv)
  expect(code, `dnf ${argv.join(' ')}\n${stdout.toString()}\n${stderr}`).toBe(0)
  return stdout.toString()
}

async function refused(dnf: Dnf, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await dnf(...argv)
  expect(code, `dnf ${argv.join(' ')}\n${stdout.toString()}`).toBe(1)
  return `${stdout.toString()}${stderr}`
}

describe('a package that is signed inside', () => {
  let own: OwnRepository
  let file: string
  beforeAll(async () => {
    own = (await newRepository('signing')).repository
    file = await write({ name: 'hello', version: '1.0' })
  })
  it('is signed when it is taken in, once: the same file again, signed or not, changes nothing', async () => {
    const first = await ingest(own, file)
    expect(first).toMatchObject({ added: true, record: { name: 'hello', version: '1.0-1' } })
    expect(readFileSync(file).equals(own.store.read(first.digest))).toBe(false)
    expect(await ingest(own, file)).toEqual({ ...first, added: false })
    expect(await ingest(own, own.store.pathOf(first.digest))).toEqual({ ...first, added: false })
    const twice = await write({ name: 'twice', version: '1.0' })
    const both = await ingestMany(own, [twice, twice])
    expect(both.map(({ added }) => added)).toEqual([true, false])
    expect(both[0]?.digest).toBe(both[1]?.digest)
  })
  it('comes in again after it was withdrawn, with the bytes that clients know', async () => {
    const { digest } = await ingest(own, file)
    await withdraw(own, { name: 'hello', version: '1.0-1', now: THEN })
    const other = await write({ name: 'hello', version: '1.0', content: 'other bytes' })
    await expect(ingest(own, other)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    expect(await ingest(own, file)).toMatchObject({ added: true, digest })
    await expect(ingest(own, other)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
  })
  it('keeps our signature when it comes from another repository of ours, and loses that of others', async () => {
    const { digest } = await ingest(own, file)
    const path = own.store.pathOf(digest)
    const second: OwnRepository = { ...own, name: 'second', store: openStore(join(folder, 'signing/second')) }
    expect(await ingest(second, path)).toMatchObject({ added: true, digest })
    const { repository: stranger } = await newRepository('stranger')
    const theirs = await ingest(stranger, path)
    expect(theirs).toMatchObject({ added: true })
    expect(theirs.digest).not.toBe(digest)
  })
  it('is one package however many take it in at the same time', async () => {
    const at = { ...own, name: 'many' }
    const path = await write({ name: 'many', version: '1.0' })
    const all = await Promise.all([1, 2, 3, 4].map(() => ingest(at, path)))
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1)
    expect(all.filter(({ added }) => added)).toHaveLength(1)
    expect(ownPackages(placeOf(at))).toHaveLength(1)
  })
})

describe.skipIf(missing.length > 0)(`dnf${reason}`, () => {
  it.each(['ed25519', 'rsa'] as const)(
    'installs from what we publish, all signatures demanded, our key %s',
    async (kind) => {
      const { repository, base, key } = await newRepository(kind, kind)
      await ingestMany(repository, [
        await write({ name: 'hello', version: '1.0', depends: ['data'] }),
        await write({ name: 'data', version: '1.0' }),
      ])
      await publish(repository, base, settings)
      // A second chunk of the same index: gzip members one after another.
      await ingestMany(
        repository,
        await Promise.all(Array.from({ length: 150 }, (_, at) => write({ name: `p${at}`, version: '1.0' }))),
      )
      await publish(repository, base, settings)
      const dnf = dnfWith(join(folder, `${kind}-machine`), `file://${base}`, key)
      await good(dnf, 'makecache')
      expect((await good(dnf, 'repoquery', 'p*')).trim().split('\n')).toHaveLength(150)
      expect(await good(dnf, 'repoquery', '--requires', 'hello')).toBe('data\n')
      await good(dnf, 'install', 'hello')
      const installed = join(folder, `${kind}-machine/installed`)
      expect(await dnf.query('hello')).toBe('hello-1.0-1.x86_64')
      expect(readFileSync(join(installed, 'usr/share/hello'), 'utf8')).toBe('hello 1.0')
      // What rpm itself says of a package file.
      const db = join(folder, `${kind}-keys`)
      await run(['rpmkeys', '--dbpath', db, '--import', key])
      const one = ownPackages(placeOf(repository)).find(({ name }) => name === 'hello')
      const checked = await run(['rpm', '--dbpath', db, '-Kv', join(base, one?.filename ?? '')], {
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      })
      expect(checked.stdout.toString()).toMatch(
        kind === 'rsa' ? /V4 RSA\/SHA512 Signature.*: OK/ : /V4 EdDSA\/SHA512 Signature.*: OK/,
      )
      expect(checked.stdout.toString()).not.toMatch(/BAD|NOTFOUND|NOKEY/)
    },
  )

  it('refuses a damaged index, a package that is damaged or not signed by us, a repomd.xml without its signature', async () => {
    const { repository, base, key } = await newRepository('damaged')
    const { record } = await ingest(repository, await write({ name: 'hello', version: '1.0' }))
    await publish(repository, base, settings)
    const dnf = dnfWith(join(folder, 'damaged-machine'), `file://${base}`, key)
    const during = async (path: string, bytes: Buffer | undefined, check: () => Promise<void>) => {
      const before = readFileSync(path)
      rmSync(path)
      if (bytes) writeFileSync(path, bytes)
      await check()
      rmSync(path, { force: true })
      writeFileSync(path, before)
    }
    const turned = (path: string) => {
      const bytes = readFileSync(path)
      const middle = bytes.length >> 1
      bytes[middle] = (bytes[middle] ?? 0) ^ 1
      return bytes
    }
    const repomd = join(base, 'repodata/repomd.xml')
    const primary = /repodata\/[0-9a-f]{64}-primary\.xml\.gz/.exec(readFileSync(repomd, 'utf8'))?.[0] ?? ''
    await during(join(base, primary), turned(join(base, primary)), async () => {
      expect(await refused(dnf, 'makecache')).toMatch(/checksum|primary/i)
    })
    dnf.forget()
    await during(`${repomd}.asc`, undefined, async () => {
      expect(await refused(dnf, 'makecache')).toMatch(/repomd\.xml/)
    })
    dnf.forget()
    await during(repomd, turned(repomd), async () => {
      await refused(dnf, 'makecache')
    })
    dnf.forget()
    await good(dnf, 'makecache')
    const file = join(base, record.filename)
    await during(file, turned(file), async () => {
      await refused(dnf, 'install', 'hello')
    })
    // An unsigned package under a signed index: only a publisher that does not sign makes such a one.
    const unsigned = { ...repository, name: 'unsigned', format: { ...formats.rpm, repository: withoutSigning() } }
    await ingest(unsigned, await write({ name: 'bare', version: '1.0' }))
    const other = join(folder, 'damaged/unsigned')
    await publish(unsigned, other, settings)
    const second = dnfWith(join(folder, 'unsigned-machine'), `file://${other}`, key)
    await good(second, 'makecache')
    expect(await refused(second, 'install', 'bare')).toMatch(/not signed/)
    // All as it was: it was the damage that was refused.
    dnf.forget()
    await good(dnf, 'install', 'hello')
  })

  it('sees all versions in the order of their epochs, and no more what was withdrawn', async () => {
    const { repository, base, key } = await newRepository('versions')
    await ingestMany(repository, [
      await write({ name: 'hello', version: '1.0' }),
      await write({ name: 'hello', version: '2.0~rc1' }),
      await write({ name: 'hello', version: '2.0' }),
      await write({ name: 'hello', version: '1.0', epoch: 1 }),
    ])
    await publish(repository, base, settings)
    const dnf = dnfWith(join(folder, 'versions-machine'), `file://${base}`, key)
    const query = async (...words: readonly string[]) =>
      (await good(dnf, 'repoquery', '--refresh', '--qf', '%{evr}', ...words, 'hello')).trim().split('\n')
    expect((await query('--showduplicates')).sort()).toEqual(['1.0-1', '1:1.0-1', '2.0-1', '2.0~rc1-1'])
    expect(await query('--latest-limit=1')).toEqual(['1:1.0-1'])
    await good(dnf, 'install', '--downloadonly', 'hello')
    await withdraw(repository, { name: 'hello', version: '1:1.0-1', now: THEN })
    await publish(repository, base, { ...settings, date: THEN + 1 })
    expect(await query('--latest-limit=1')).toEqual(['2.0-1'])
    await good(dnf, 'install', 'hello')
    expect(await dnf.query('hello')).toBe('hello-2.0-1.x86_64')
  })
})

function withoutSigning() {
  const { signing: _, ...repository } = formats.rpm.repository
  return repository
}
