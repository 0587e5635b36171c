import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { digestOf, hexOf } from '@holotype/base'
import { openStore } from '@holotype/store'
import { verifyClearSigned } from '@holotype/trust'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { testFolder } from '../testing/folder.ts'
import { endless, oversized, serve, silent, tampered, type TestServer, truncated } from '../testing/server.ts'
import { makeUpstream, NOW, THEN, type TestUpstream } from '../testing/upstream.ts'
import type { HostSource } from '../types.ts'
import { candidatesOf, readSnapshot } from './candidates.ts'
import type { SnapshotRequest } from './request.ts'
import { snapshotUpstream } from './upstream.ts'

const folder = testFolder()
const QUICK = { tries: 2, retryDelayMs: 1, idleMs: 200, graceMs: 200, minBytesPerSecond: 100_000 }
const IN_RELEASE = '/dists/trixie/InRelease'
const DIRECTORY = '/dists/trixie/main/binary-amd64'

let upstream: TestUpstream
let server: TestServer
let stores = 0

beforeAll(async () => {
  upstream = await makeUpstream(folder)
  await upstream.publish([
    { name: 'hello', version: '1.0', depends: 'libc6 (>= 2)' },
    { name: 'libc6', version: '2' },
  ])
  cpSync(upstream.base, `${upstream.base}-pristine`, { recursive: true })
  server = await serve(upstream.base)
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  server.answers.clear()
  rmSync(upstream.base, { recursive: true, force: true })
  cpSync(`${upstream.base}-pristine`, upstream.base, { recursive: true })
})

const newStore = () => openStore(join(folder, `store-${++stores}`))

async function take(
  more: Partial<SnapshotRequest> = {},
  sources: readonly HostSource[] = [upstream.source(server.url)],
) {
  server.asked.length = 0
  await using fetcher = openFetcher(QUICK)
  return await snapshotUpstream({
    name: 'debian',
    upstream: { format: 'deb', pockets: ['release'], components: ['main'] },
    architecture: 'amd64',
    store: newStore(),
    sources,
    fetcher,
    verify: (text, keyrings) => verifyClearSigned(text, keyrings, { now: new Date(NOW) }),
    now: NOW,
    ...more,
  })
}

const fileOf = (path: string) => readFileSync(join(upstream.base, path))
const asked = (words: string) => server.asked.filter((path) => path.includes(words))

/** The path by hash of the form that is tried first. */
function firstByHash(): string {
  const directory = `${DIRECTORY}/by-hash/SHA256`
  const wanted = fileOf(`${DIRECTORY}/Packages.xz`)
  const name = readdirSync(join(upstream.base, directory)).find((hash) => fileOf(`${directory}/${hash}`).equals(wanted))
  return `${directory}/${name}`
}

describe('a snapshot', () => {
  it('holds the signed top and the index, and offers the packages', async () => {
    const store = newStore()
    const { digest, snapshot, bytesFetched } = await take({ store })
    expect(readSnapshot(store, digest)).toEqual(snapshot)
    const [suite] = snapshot.suites
    expect(suite).toMatchObject({
      suite: 'trixie',
      pocket: 'release',
      base: server.url,
      date: new Date(THEN * 1000).toISOString(),
    })
    expect(suite?.top && store.read(suite.top)).toEqual(fileOf(IN_RELEASE))
    expect(suite?.indexes[0] && store.read(suite.indexes[0].digest)).toEqual(fileOf(`${DIRECTORY}/Packages`))
    expect(bytesFetched).toBe(fileOf(`${DIRECTORY}/Packages.xz`).length)
    const candidates = candidatesOf(store, digest, 'upstream', 700)
    expect(candidates.map(({ record, from, priority }) => [record.name, from, priority])).toEqual([
      ['hello', 'upstream', 700],
      ['libc6', 'upstream', 700],
    ])
  })
  it('of an unchanged upstream is the same, and fetches no index', async () => {
    const store = newStore()
    const first = await take({ store })
    expect(asked('by-hash')).toHaveLength(1)
    const second = await take({ store })
    expect(second).toEqual({ ...first, bytesFetched: 0 })
    expect(server.asked).toEqual([IN_RELEASE])
  })
  it('of a changed upstream is another, and the first stays readable', async () => {
    const store = newStore()
    const first = await take({ store })
    await upstream.publish([{ name: 'hello', version: '2.0' }], { date: THEN + 60 })
    const second = await take({ store })
    expect(second.digest).not.toBe(first.digest)
    expect(candidatesOf(store, first.digest, 'x', 1).map(({ record }) => record.version)).toEqual(['1.0', '2'])
    expect(candidatesOf(store, second.digest, 'x', 1).map(({ record }) => record.version)).toEqual(['2.0'])
  })
  it('comes from a file address too', async () => {
    const source = upstream.source(pathToFileURL(upstream.base).href)
    expect((await take({}, [source])).bytesFetched).toBeGreaterThan(0)
  })
  it('falls back to the plain path, and to the other forms', async () => {
    rmSync(join(upstream.base, DIRECTORY, 'by-hash'), { recursive: true })
    rmSync(join(upstream.base, DIRECTORY, 'Packages.xz'))
    expect((await take()).bytesFetched).toBe(fileOf(`${DIRECTORY}/Packages.gz`).length)
    rmSync(join(upstream.base, DIRECTORY, 'Packages.gz'))
    expect((await take()).bytesFetched).toBe(fileOf(`${DIRECTORY}/Packages`).length)
    rmSync(join(upstream.base, DIRECTORY, 'Packages'))
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
  })
  it('takes the next address when one does not answer', async () => {
    const { snapshot } = await take({}, [upstream.source('http://127.0.0.1:1'), upstream.source(server.url)])
    expect(snapshot.suites[0]?.base).toBe(server.url)
  })
  it('passes over a third party’s suite that has the release’s name', async () => {
    const other = await makeUpstream(join(folder, 'other'))
    await other.publish([{ name: 'hello', version: '9' }], { origin: 'Vendor' })
    const vendor = other.source(pathToFileURL(other.base).href)
    const { snapshot } = await take({}, [vendor, upstream.source(server.url)])
    expect(snapshot.suites.map(({ base }) => base)).toEqual([server.url])
    await expect(take({}, [vendor])).rejects.toMatchObject({ code: 'UPSTREAM_NO_SOURCES' })
  })
})

describe('a snapshot is refused', () => {
  it('without a source for its pocket or component', async () => {
    const request = { format: 'deb', pockets: ['security'], components: ['main'] } as const
    await expect(take({ upstream: request })).rejects.toThrow('no source for the pocket security')
    const other = { format: 'deb', pockets: ['release'], components: ['main', 'contrib'] } as const
    await expect(take({ upstream: other })).rejects.toThrow('no component contrib')
  })
  it('from an unreachable, broken or silent upstream', async () => {
    await expect(take({}, [upstream.source('http://127.0.0.1:1')])).rejects.toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
      exitCode: 6,
    })
    for (const answer of [truncated(fileOf(IN_RELEASE)), silent, endless]) {
      server.answers.set(IN_RELEASE, answer)
      await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
    }
    for (const top of [IN_RELEASE, '/dists/trixie/Release']) rmSync(join(upstream.base, top))
    server.answers.clear()
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
  })
  it('under a changed signed top, or another key', async () => {
    const text = fileOf(IN_RELEASE).toString()
    server.answers.set(IN_RELEASE, (_, response) => response.end(text.replace('Origin: Debian', 'Origin: Debiam')))
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE', exitCode: 5 })
    server.answers.clear()
    const stranger = await makeUpstream(join(folder, 'stranger'))
    await expect(take({}, [upstream.source(server.url, { keyrings: [stranger.key] })])).rejects.toMatchObject({
      code: 'UPSTREAM_SIGNATURE',
    })
  })
  it('when a mirror hands out another suite', async () => {
    await upstream.publish([{ name: 'other' }], { suite: 'sid' })
    const other = fileOf('/dists/sid/InRelease')
    server.answers.set(IN_RELEASE, (_, response) => response.end(other))
    await expect(take()).rejects.toThrow('is the top of sid (sid), not of trixie')
  })
  it('past its Valid-Until, unless the machine says otherwise', async () => {
    await upstream.publish([{ name: 'other' }], { date: THEN + 1, validUntil: THEN + 60 })
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_EXPIRED', exitCode: 5 })
    const notes: string[] = []
    const source = upstream.source(server.url, { checkValidUntil: false })
    await take({ progress: (event) => event.kind === 'note' && notes.push(event.text) }, [source])
    expect(notes.join()).toContain('was valid until')
  })
  it('when it is older than one seen before', async () => {
    const old = fileOf(IN_RELEASE)
    const store = newStore()
    await upstream.publish([{ name: 'hello', version: '1.1' }], { date: THEN + 60 })
    await take({ store })
    server.answers.set(IN_RELEASE, (_, response) => response.end(old))
    await expect(take({ store })).rejects.toThrow('older than')
  })
  it('when an index is not the one that is signed', async () => {
    const path = firstByHash()
    for (const answer of [tampered(fileOf(path)), oversized]) {
      server.answers.set(path, answer)
      await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH', exitCode: 5 })
    }
    server.answers.set(path, tampered(fileOf(path)))
    await expect(take()).rejects.toThrow('is not the file that the signed top names')
    server.answers.set(path, (_, response) => response.end('too short'))
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH' })
    server.answers.set(path, truncated(fileOf(path)))
    await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
  })
  it('when an index unpacks to other bytes than are signed', async () => {
    const plain = digestOf(fileOf(`${DIRECTORY}/Packages`))
    const text = fileOf('/dists/trixie/Release').toString().replace(hexOf(plain), '0'.repeat(64))
    const signer = upstream.keyring.repositorySigner(() => new Date(THEN * 1000))
    const signed = await signer.clearSign(text)
    server.answers.set(IN_RELEASE, (_, response) => response.end(signed))
    await expect(take()).rejects.toThrow('unpacks to other bytes than are signed')
  })
  it('when what is signed does not parse: the file is named, and the place in it', async () => {
    const signer = upstream.keyring.repositorySigner(() => new Date(THEN * 1000))
    const index = Buffer.from('Package: hello\nVersion: 1\nArchitecture: amd64\ngarbage\n')
    const [head = ''] = fileOf('/dists/trixie/Release').toString().split('SHA256:')
    const line = `${hexOf(digestOf(index))} ${index.length} main/binary-amd64/Packages`
    const signed = await signer.clearSign(`${head}SHA256:\n ${line}\n`)
    server.answers.set(IN_RELEASE, (_, response) => response.end(signed))
    server.answers.set(`${DIRECTORY}/Packages`, (_, response) => response.end(index))
    await expect(take()).rejects.toMatchObject({
      code: 'REPOSITORY_MALFORMED',
      message: expect.stringMatching(/^http:.*\/main\/binary-amd64\/Packages: .*garbage/s),
    })
    const top = await signer.clearSign('garbage\n')
    server.answers.set(IN_RELEASE, (_, response) => response.end(top))
    await expect(take()).rejects.toMatchObject({
      code: 'REPOSITORY_MALFORMED',
      message: expect.stringMatching(/^http:.*\/InRelease: /),
    })
  })
  it('for an architecture that it does not have', async () => {
    await expect(take({ architecture: 'arm64' })).rejects.toThrow('lists no main/binary-arm64/Packages')
  })
  it('and leaves a store that the next run works with', async () => {
    const store = newStore()
    const path = firstByHash()
    server.answers.set(path, tampered(fileOf(path)))
    await expect(take({ store })).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH' })
    server.answers.clear()
    const { digest } = await take({ store })
    expect(existsSync(store.pathOf(digest))).toBe(true)
  })
})
