import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hexOf } from '@holotype/base'
import { formats } from '@holotype/formats'
import { type Lock, lockPackage, resolve } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { candidatesOf } from '../snapshot/candidates.ts'
import { snapshotUpstream } from '../snapshot/upstream.ts'
import { testFolder } from '../testing/folder.ts'
import { endless, serve, tampered, type TestServer, truncated } from '../testing/server.ts'
import { makeUpstream, NOW, type TestUpstream } from '../testing/upstream.ts'
import { openFetcher } from './fetcher.ts'
import { type FetchPackagesOptions, fetchPackages } from './packages.ts'

const folder = testFolder()
const QUICK = { tries: 2, retryDelayMs: 1, idleMs: 200, graceMs: 200, minBytesPerSecond: 100_000 }
const POOL = '/pool/main/h/hello/hello_1.0+b1_amd64.deb'

let upstream: TestUpstream
let server: TestServer
let store: Store
let lock: Pick<Lock, 'format' | 'snapshots' | 'packages'>
let stores = 0

beforeAll(async () => {
  upstream = await makeUpstream(folder)
  await upstream.publish([
    { name: 'hello', version: '1:1.0+b1', depends: 'libc6, data' },
    { name: 'libc6', content: 'x'.repeat(100_000) },
    { name: 'data', architecture: 'all' },
  ])
  server = await serve(upstream.base)
})
afterAll(() => server[Symbol.asyncDispose]())

beforeEach(async () => {
  server.answers.clear()
  store = openStore(join(folder, `store-${++stores}`))
  await using fetcher = openFetcher(QUICK)
  const { digest } = await snapshotUpstream({
    name: 'debian',
    upstream: { format: 'deb', pockets: ['release'], components: ['main'] },
    architecture: 'amd64',
    store,
    sources: [upstream.source(server.url)],
    fetcher,
    // The signature is the other suite's matter.
    verify: async (text) => text.slice(text.indexOf('\n\n') + 2, text.indexOf('\n-----BEGIN PGP SIGNATURE')),
    now: NOW,
  })
  const candidates = candidatesOf(store, digest, 'debian', 500)
  const { packages } = resolve({ format: formats.deb, architecture: 'amd64', candidates, install: ['hello'] })
  lock = { format: 'deb', snapshots: { debian: digest }, packages: packages.map(lockPackage) }
  server.asked.length = 0
})

async function fetchAll(more: Partial<FetchPackagesOptions> = {}) {
  await using fetcher = openFetcher(QUICK)
  return await fetchPackages({ lock, store, fetcher, ...more })
}

/** Every object of the store has the bytes of its name: nothing half was kept. */
function checkObjects(): number {
  const names = readdirSync(join(store.directory, 'objects'), { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  for (const file of files) {
    const hex = file.name.length === 64 ? file.name : `${file.parentPath.slice(-2)}${file.name}`
    store.read(`sha256:${hex}`)
  }
  return files.length
}

describe('fetching the packages of a lock', () => {
  it('brings each into the store by its digest, and nothing twice', async () => {
    const bytes = lock.packages.reduce((sum, { size }) => sum + size, 0)
    expect(await fetchAll()).toEqual({ fetched: 3, present: 0, bytesFetched: bytes })
    const hello = lock.packages.find(({ name }) => name === 'hello')
    expect(store.read(`sha256:${hello?.sha256 ?? ''}`)).toEqual(readFileSync(join(upstream.base, POOL)))
    server.asked.length = 0
    expect(await fetchAll()).toEqual({ fetched: 0, present: 3, bytesFetched: 0 })
    expect(server.asked).toEqual([])
  })
  it('reports its progress in bytes', async () => {
    const done: number[] = []
    await fetchAll({ progress: (event) => event.kind === 'advance' && done.push(event.done), concurrency: 1 })
    expect(done).toHaveLength(3)
    expect(done.at(-1)).toBe(lock.packages.reduce((sum, { size }) => sum + size, 0))
  })
  it('needs no network for what the store has, and no snapshot either', async () => {
    await fetchAll()
    expect(await fetchAll({ lock: { ...lock, snapshots: {} } })).toMatchObject({ fetched: 0 })
  })
})

describe('what goes wrong in fetching packages', () => {
  const cases = [
    ['a truncated download', truncated, 'FETCH_TRUNCATED'],
    ['a tampered package', tampered, 'FETCH_MISMATCH'],
    ['an endless body', () => endless, 'FETCH_UNREACHABLE'],
    ['a package of another length', () => truncated(Buffer.alloc(9)), 'FETCH_MISMATCH'],
  ] as const
  it.each(cases)('%s ends in one error, keeps nothing half, and the next run works', async (_, fault, code) => {
    const before = checkObjects()
    server.answers.set(POOL, fault(readFileSync(join(upstream.base, POOL))))
    // The trickle must break the speed limit before it reaches the package's size.
    await expect(fetchAll({ concurrency: 1 })).rejects.toMatchObject({ code })
    expect(checkObjects()).toBeLessThan(before + 3)
    server.answers.clear()
    await fetchAll()
    expect(checkObjects()).toBe(before + 3)
  })
  it('a file that upstream no longer has', async () => {
    server.answers.set(POOL, (_, response) => response.writeHead(404).end())
    await expect(fetchAll()).rejects.toMatchObject({ code: 'FETCH_NOT_FOUND', exitCode: 6 })
  })
  it('an upstream that does not answer', async () => {
    server.answers.set(POOL, (request) => request.socket.destroy())
    await expect(fetchAll()).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE', exitCode: 6 })
  })
  it('a lock that names what no snapshot lists', async () => {
    await expect(fetchAll({ lock: { ...lock, snapshots: {} } })).rejects.toMatchObject({ code: 'FETCH_NO_SOURCE' })
    const packages = lock.packages.map((item) => ({ ...item, sha256: hexOf(`sha256:${'0'.repeat(64)}`) }))
    await expect(fetchAll({ lock: { ...lock, packages } })).rejects.toMatchObject({ code: 'FETCH_NO_SOURCE' })
  })
  it('begins nothing new after the first failure', async () => {
    server.answers.set('/pool/main/d/data/data_1.0_all.deb', (_, response) => response.writeHead(404).end())
    await expect(fetchAll({ concurrency: 1 })).rejects.toMatchObject({ code: 'FETCH_NOT_FOUND' })
    expect(server.asked).toEqual(['/pool/main/d/data/data_1.0_all.deb'])
  })
})
