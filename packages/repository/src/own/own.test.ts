import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { lockPackage, resolve } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { createKeyring, type Keyring, verifyClearSigned } from '@holotype/trust'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { fetchPackages } from '../fetch/packages.ts'
import { hostSources } from '../host/sources.ts'
import { candidatesOf } from '../snapshot/candidates.ts'
import { snapshotUpstream } from '../snapshot/upstream.ts'
import { testFolder, writeFiles } from '../testing/folder.ts'
import { NOW, THEN, writeDeb } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { publishRepository } from './publish.ts'
import { ownSnapshot } from './snapshot.ts'
import { ownPackages } from './state.ts'

const folder = testFolder()
const { deb } = formats
const OWN = { name: 'acme', format: 'deb', architecture: 'amd64' } as const
const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0

let keyring: Keyring
let store: Store
let stores = 0

beforeAll(async () => {
  keyring = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
})
beforeEach(() => {
  store = openStore(join(folder, `store-${++stores}`))
})

const add = async (words: Parameters<typeof writeDeb>[1]) =>
  ingest(store, await writeDeb(join(folder, 'built'), words), deb)

const publish = (base: string) =>
  publishRepository({
    store,
    format: deb,
    base,
    suite: 'stable',
    component: 'main',
    origin: 'acme',
    architectures: ['amd64'],
    signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
    date: THEN,
  })

describe('ingest', () => {
  it('takes a package into the store and the list, once', async () => {
    const first = await add({ name: 'hello' })
    expect(first).toMatchObject({ added: true, record: { name: 'hello', version: '1.0', source: 'hello' } })
    expect(store.has(first.digest)).toBe(true)
    expect(await add({ name: 'hello' })).toEqual({ ...first, added: false })
    await Promise.all([add({ name: 'b' }), add({ name: 'a' }), add({ name: 'hello', version: '2.0' })])
    expect(ownPackages(store).map(({ record }) => `${record.name} ${record.version}`)).toEqual([
      'a 1.0',
      'b 1.0',
      'hello 1.0',
      'hello 2.0',
    ])
    expect(ownPackages(openStore(store.directory))).toEqual(ownPackages(store))
  })
  it('refuses the same version with other bytes, and one that would have the same file name', async () => {
    await add({ name: 'hello' })
    await expect(add({ name: 'hello', content: 'other bytes' })).rejects.toMatchObject({
      code: 'REPOSITORY_VERSION_TAKEN',
      exitCode: 4,
    })
    await expect(add({ name: 'hello', version: '1:1.0' })).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    expect(ownPackages(store)).toHaveLength(1)
  })
  it('refuses a damaged package, and keeps nothing of it', async () => {
    const path = await writeDeb(join(folder, 'built'), { name: 'broken', content: 'y'.repeat(5000) })
    const bytes = readFileSync(path)
    const damaged = join(folder, 'damaged.deb')
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 40))
    await expect(ingest(store, damaged, deb)).rejects.toMatchObject({ exitCode: 9 })
    expect(ownPackages(store)).toEqual([])
  })
})

describe('our own snapshot', () => {
  it('depends on the packages alone', async () => {
    const empty = ownSnapshot(store, OWN)
    expect(candidatesOf(store, empty.digest, 'acme', 900)).toEqual([])
    await add({ name: 'a' })
    await add({ name: 'b', architecture: 'arm64' })
    const one = ownSnapshot(store, OWN)
    expect(one.digest).not.toBe(empty.digest)
    expect(ownSnapshot(store, OWN)).toEqual(one)
    const other = openStore(join(folder, `store-${++stores}`))
    await ingest(other, await writeDeb(join(folder, 'built'), { name: 'a' }), deb)
    expect(ownSnapshot(other, OWN).digest).toBe(one.digest)
    expect(candidatesOf(store, one.digest, 'acme', 900).map(({ record }) => record.name)).toEqual(['a'])
  })
  it('wins over upstream by its priority, and is locked and fetched out of the store', async () => {
    await add({ name: 'hello', version: '1.0' })
    const { digest } = ownSnapshot(store, OWN)
    const own = candidatesOf(store, digest, 'acme', 900)
    const upstream = own.map((one) => ({
      ...one,
      from: 'debian',
      priority: 500,
      record: { ...one.record, version: '9' },
    }))
    const { packages } = resolve({
      format: deb,
      architecture: 'amd64',
      candidates: [...upstream, ...own],
      install: ['hello'],
    })
    const lock = { format: 'deb', snapshots: { acme: digest }, packages: packages.map(lockPackage) } as const
    expect(lock.packages).toMatchObject([{ name: 'hello', version: '1.0', from: 'acme' }])
    await using fetcher = openFetcher()
    expect(await fetchPackages({ lock, store, fetcher })).toMatchObject({ fetched: 0, present: 1 })
  })
})

describe('our own repository, published', () => {
  it('is an upstream that another machine can use: its sources, its signature, its packages', async () => {
    await add({ name: 'hello', depends: 'data' })
    await add({ name: 'data', architecture: 'all' })
    await add({ name: 'foreign', architecture: 'arm64' })
    const base = join(folder, 'published')
    expect(await publish(base)).toEqual({ packages: 2 })
    expect(await publish(base)).toEqual({ packages: 2 })
    const { armored } = await keyring.openPgpPublicKey()
    const root = join(folder, 'machine')
    writeFiles(root, {
      'etc/os-release': 'ID=acme\nVERSION_CODENAME=stable\n',
      'etc/apt/acme.asc': armored,
      'etc/apt/sources.list': `deb [signed-by=/etc/apt/acme.asc] ${pathToFileURL(base).href} stable main\n`,
    })
    const theirs = openStore(join(folder, `store-${++stores}`))
    await using fetcher = openFetcher()
    const { digest } = await snapshotUpstream({
      name: 'acme',
      upstream: { format: 'deb', pockets: ['release'], components: ['main'] },
      architecture: 'amd64',
      store: theirs,
      sources: hostSources({ root, architecture: 'amd64' }),
      fetcher,
      verify: (text, keyrings) => verifyClearSigned(text, keyrings, { now: new Date(NOW) }),
      now: NOW,
    })
    const candidates = candidatesOf(theirs, digest, 'acme', 500)
    const { packages } = resolve({ format: deb, architecture: 'amd64', candidates, install: ['hello'] })
    const lock = { format: 'deb', snapshots: { acme: digest }, packages: packages.map(lockPackage) } as const
    expect(await fetchPackages({ lock, store: theirs, fetcher })).toMatchObject({ fetched: 2 })
  })
  it.skipIf(!hasDpkg)(
    `holds packages that dpkg-deb reads${hasDpkg ? '' : ' (skipped, because there is no dpkg-deb)'}`,
    async () => {
      await add({ name: 'hello' })
      const base = join(folder, 'judged')
      await publish(base)
      const path = join(base, 'pool/main/h/hello/hello_1.0_amd64.deb')
      expect(existsSync(path)).toBe(true)
      const { stdout } = spawnSync('dpkg-deb', ['--field', path, 'Package'], { encoding: 'utf8' })
      expect(stdout.trim()).toBe('hello')
    },
  )
})
