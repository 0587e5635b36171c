import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { formats } from '@holotype/formats'
import { lockPackage, resolve } from '@holotype/solver'
import { openStore } from '@holotype/store'
import { createKeyring, type Keyring, verifyClearSigned } from '@holotype/trust'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { fetchPackages } from '../fetch/packages.ts'
import { hostSources } from '../host/sources.ts'
import { candidatesOf } from '../snapshot/candidates.ts'
import { snapshotUpstream } from '../snapshot/upstream.ts'
import { testFolder, writeFiles } from '../testing/folder.ts'
import { NOW, THEN, writeDeb } from '../testing/upstream.ts'
import { GENERATIONS } from '../limits.ts'
import { collectGarbage } from './collect-garbage.ts'
import { ingest, ingestMany } from './ingest.ts'
import { type OwnRepository, placeOf } from './place.ts'
import { publish } from './publish.ts'
import { ownSnapshot } from './snapshot.ts'
import { ownPackages } from './state.ts'
import type { PublishStep } from './steps.ts'
import { withdraw } from './withdraw.ts'

const folder = testFolder()
const { deb } = formats
const OWN = { name: 'acme', format: 'deb', architecture: 'amd64' } as const
const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0

let keyring: Keyring
let own: OwnRepository
let stores = 0

const newRepository = (): OwnRepository => ({
  store: openStore(join(folder, `store-${++stores}`)),
  name: 'acme',
  format: deb,
  component: 'main',
  signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
})

beforeAll(async () => {
  keyring = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
})
beforeEach(() => {
  own = newRepository()
})

const write = (words: Parameters<typeof writeDeb>[1]) => writeDeb(join(folder, 'built'), words)
const add = async (words: Parameters<typeof writeDeb>[1]) => ingest(own, await write(words))
const listed = () => ownPackages(placeOf(own)).map(({ name, version }) => `${name} ${version}`)

const settings = {
  suite: 'stable',
  codename: 'stable',
  origin: 'acme',
  label: 'acme',
  description: 'Packages of acme',
  architectures: ['amd64'],
  date: THEN,
}

/** Every file and link below a directory, with what a write would change. */
const stamps = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { mtimeMs, ctimeMs, ino, size } = lstatSync(join(directory, path))
      return { path, mtimeMs, ctimeMs, ino, size }
    })

const packagesText = (base: string) => {
  const directory = join(base, 'dists/stable/main/binary-amd64')
  const { stdout } = spawnSync('sh', ['-c', 'zstdcat Packages.zst || zcat Packages.gz'], { cwd: directory })
  return stdout.toString()
}

describe('ingest', () => {
  it('takes a package into the store and the list, once', async () => {
    const first = await add({ name: 'hello' })
    expect(first).toMatchObject({ added: true, record: { name: 'hello', version: '1.0', source: 'hello' } })
    expect(own.store.has(first.digest)).toBe(true)
    const before = stamps(join(own.store.directory, 'repositories'))
    expect(await add({ name: 'hello' })).toEqual({ ...first, added: false })
    expect(stamps(join(own.store.directory, 'repositories'))).toEqual(before)
    await Promise.all([add({ name: 'b' }), add({ name: 'a' }), add({ name: 'hello', version: '2.0' })])
    expect(listed()).toEqual(['a 1.0', 'b 1.0', 'hello 1.0', 'hello 2.0'])
  })
  it('refuses the same version with other bytes, also after it was withdrawn', async () => {
    await add({ name: 'hello' })
    const other = { name: 'hello', content: 'other bytes' }
    await expect(add(other)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN', exitCode: 4 })
    expect(await withdraw(own, { name: 'hello', version: '1.0', now: THEN })).toMatchObject([{ name: 'hello' }])
    expect(listed()).toEqual([])
    await expect(add(other)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    expect(await add({ name: 'hello' })).toMatchObject({ added: true })
    expect(listed()).toEqual(['hello 1.0'])
  })
  it('refuses the second of two in one go, and the first as well', async () => {
    const paths = [await write({ name: 'twice' }), await write({ name: 'twice', content: 'not the same' })]
    await expect(ingestMany(own, paths)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    expect(listed()).toEqual([])
  })
  it('keeps versions that differ by their epoch alone apart, and publishes both', async () => {
    const first = await add({ name: 'hello', version: '1.0' })
    const second = await add({ name: 'hello', version: '1:1.0', content: 'of the next epoch' })
    expect(second.record.filename).not.toBe(first.record.filename)
    expect(first.record.filename).toBe('pool/main/h/hello/hello_1.0_amd64.deb')
    const base = join(folder, 'epochs')
    await publish(own, base, settings)
    for (const { record } of [first, second]) expect(statSync(join(base, record.filename)).size).toBe(record.size)
    expect(await add({ name: 'hello', version: '1:1.0', content: 'of the next epoch' })).toEqual({
      ...second,
      added: false,
    })
  })
  it('refuses a damaged package, and keeps nothing of it', async () => {
    const bytes = readFileSync(await write({ name: 'broken', content: 'y'.repeat(5000) }))
    const damaged = join(folder, 'damaged.deb')
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 40))
    await expect(ingest(own, damaged)).rejects.toMatchObject({ exitCode: 9 })
    expect(listed()).toEqual([])
  })
  it('has the same state in whatever order and portions packages come', async () => {
    const names = Array.from({ length: 300 }, (_, at) => `p${(at * 7919) % 300}`)
    const paths = await Promise.all(names.map((name) => write({ name })))
    await ingestMany(own, paths)
    const other = newRepository()
    for (let at = 0; at < paths.length; at += 60) await ingestMany(other, paths.toReversed().slice(at, at + 60))
    const manifest = ({ store }: OwnRepository) =>
      readFileSync(join(store.directory, 'repositories/deb/acme/manifest.json'), 'utf8')
    expect(manifest(other)).toBe(manifest(own))
    expect(readdirSync(join(other.store.directory, 'repositories/deb/acme/chunks')).sort()).toEqual(
      readdirSync(join(own.store.directory, 'repositories/deb/acme/chunks')).sort(),
    )
    expect(listed()).toHaveLength(300)
  })
})

describe('our own snapshot', () => {
  it('depends on the packages alone', async () => {
    const { store } = own
    const empty = ownSnapshot(store, OWN)
    expect(candidatesOf(store, empty.digest, 'acme', 900)).toEqual([])
    await add({ name: 'a' })
    await add({ name: 'b', architecture: 'arm64' })
    const one = ownSnapshot(store, OWN)
    expect(one.digest).not.toBe(empty.digest)
    expect(ownSnapshot(store, OWN)).toEqual(one)
    own = newRepository()
    await add({ name: 'a' })
    expect(ownSnapshot(own.store, OWN).digest).toBe(one.digest)
    expect(candidatesOf(store, one.digest, 'acme', 900).map(({ record }) => record.name)).toEqual(['a'])
  })
  it('wins over upstream by its priority, and is locked and fetched out of the store', async () => {
    await add({ name: 'hello', version: '1.0' })
    const { store } = own
    const { digest } = ownSnapshot(store, OWN)
    const ours = candidatesOf(store, digest, 'acme', 900)
    const upstream = ours.map((one) => ({
      ...one,
      from: 'debian',
      priority: 500,
      record: { ...one.record, version: '9' },
    }))
    const { packages } = resolve({
      format: deb,
      architecture: 'amd64',
      candidates: [...upstream, ...ours],
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
    expect(await publish(own, base, settings)).toEqual({ packages: 2, changed: true })
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
  it('writes nothing when there is nothing new, whatever the clock says', async () => {
    await add({ name: 'hello' })
    const base = join(folder, 'nothing-new')
    await publish(own, base, settings)
    const before = [stamps(base), stamps(own.store.directory)]
    expect(await publish(own, base, { ...settings, date: THEN + 999 })).toEqual({ packages: 1, changed: false })
    expect([stamps(base), stamps(own.store.directory)]).toEqual(before)
    expect(await publish(own, base, { ...settings, label: 'other' })).toEqual({ packages: 1, changed: true })
  })
  it('signs a state anew before its time runs out, and not sooner than half of it is over', async () => {
    await add({ name: 'hello' })
    const base = join(folder, 'valid-until')
    const at = (date: number) => publish(own, base, { ...settings, date, validUntil: date + 1000 })
    expect(await at(THEN)).toMatchObject({ changed: true })
    expect(await at(THEN + 500)).toMatchObject({ changed: false })
    expect(await at(THEN + 501)).toMatchObject({ changed: true })
  })
  it('takes a withdrawn package out of its index, and its file away after a time of grace', async () => {
    const base = join(folder, 'withdrawn')
    const { record } = await add({ name: 'hello' })
    await add({ name: 'other' })
    await publish(own, base, settings)
    expect(packagesText(base)).toContain('Package: hello')
    await withdraw(own, { name: 'hello', version: '1.0', now: THEN })
    // Clients still see the state that lists it.
    expect(await collectGarbage(own, base, { now: THEN + 100, grace: 100 })).toEqual([])
    expect(await publish(own, base, settings)).toEqual({ packages: 1, changed: true })
    expect(packagesText(base)).not.toContain('Package: hello')
    expect(packagesText(base)).toContain('Package: other')
    expect(await collectGarbage(own, base, { now: THEN + 10, grace: 100 })).toEqual([])
    expect(existsSync(join(base, record.filename))).toBe(true)
    expect(await collectGarbage(own, base, { now: THEN + 100, grace: 100 })).toEqual([record.filename])
    expect(existsSync(join(base, record.filename))).toBe(false)
  })
  it('keeps old states with their indexes, and no more of them than it should', async () => {
    const base = join(folder, 'generations')
    for (let at = 0; at < GENERATIONS + 3; at++) {
      await add({ name: `p${at}` })
      await publish(own, base, settings)
    }
    const numbers = readdirSync(join(base, '.tops/acme')).filter((name) => /^\d+$/.test(name))
    // The present one beside them.
    expect(numbers).toHaveLength(GENERATIONS + 1)
    const named = new Set(
      numbers.flatMap((number) => {
        const text = readFileSync(join(base, `.tops/acme/${number}/dists/stable/Release`), 'utf8')
        return [...text.matchAll(/^ ([0-9a-f]{64}) +\d+ main\/binary-amd64\/Packages/gm)].map(([, sha256]) => sha256)
      }),
    )
    const there = readdirSync(join(base, 'dists/stable/main/binary-amd64/by-hash/SHA256'))
    expect(there.filter((sha256) => !named.has(sha256))).toEqual([])
    expect(there.length).toBeGreaterThan(GENERATIONS)
  })
  it('clears away the indexes of a state that a stopped publisher never showed', async () => {
    const base = join(folder, 'unseen')
    await add({ name: 'first' })
    await publish(own, base, settings)
    await add({ name: 'second' })
    const flushed = (step: PublishStep) => {
      if (step.kind === 'flush') throw new Error('stopped')
    }
    await expect(publish(own, base, { ...settings, afterStep: flushed })).rejects.toThrow('stopped')
    const byHash = () => readdirSync(join(base, 'dists/stable/main/binary-amd64/by-hash/SHA256'))
    const unseen = byHash().length
    await add({ name: 'third' })
    await publish(own, base, settings)
    expect(byHash()).toHaveLength(unseen)
  })
  it('does not put its names over those of another repository', async () => {
    await add({ name: 'hello' })
    const base = join(folder, 'shared')
    await publish(own, base, settings)
    await expect(publish({ ...own, name: 'second' }, base, settings)).rejects.toMatchObject({
      code: 'REPOSITORY_NAME_TAKEN',
    })
    expect(await publish({ ...own, name: 'second' }, base, { ...settings, suite: 'next' })).toMatchObject({
      packages: 0,
    })
  })
  it('does not sign what rotted: a damaged chunk is an error, a damaged piece is made anew', async () => {
    await add({ name: 'hello' })
    await publish(own, join(folder, 'sound'), settings)
    const chunks = join(own.store.directory, 'repositories/deb/acme/chunks')
    const files = readdirSync(chunks, { recursive: true, encoding: 'utf8' })
    const turn = (path: string) => {
      const bytes = readFileSync(path)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      writeFileSync(path, bytes)
    }
    const forms = files.filter((path) => path.includes('/form-'))
    expect(forms.length).toBeGreaterThan(0)
    for (const form of forms) turn(join(chunks, form))
    await publish(own, join(folder, 'mended'), settings)
    const release = (base: string) => readFileSync(join(folder, base, 'dists/stable/Release'), 'utf8')
    expect(release('mended')).toBe(release('sound'))
    turn(join(chunks, files.find((path) => path.endsWith('/parts')) ?? ''))
    await expect(publish(own, join(folder, 'rotten'), settings)).rejects.toMatchObject({
      code: 'REPOSITORY_STATE_MALFORMED',
    })
  })
  it('refuses to put a package over another file in the pool', async () => {
    const { record } = await add({ name: 'hello' })
    const base = join(folder, 'occupied')
    writeFiles(base, { [record.filename]: 'what somebody put there' })
    await expect(publish(own, base, settings)).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    rmSync(join(base, record.filename))
    await publish(own, base, settings)
  })
  it.skipIf(!hasDpkg)(
    `holds packages that dpkg-deb reads${hasDpkg ? '' : ' (skipped, because there is no dpkg-deb)'}`,
    async () => {
      const { record } = await add({ name: 'hello' })
      const base = join(folder, 'judged')
      await publish(own, base, settings)
      const path = join(base, record.filename)
      const { stdout } = spawnSync('dpkg-deb', ['--field', path, 'Package'], { encoding: 'utf8' })
      expect(stdout.trim()).toBe('hello')
    },
  )
})
