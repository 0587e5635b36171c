import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { digestOf, hexOf, silent } from '@holotype/base'
import { type Bucket, openBucket } from '@holotype/store/bucket'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mirrorOnce, writeSiteList } from '@holotype/repository'
import { gatewayMissing, makeBucket, type ObjectGateway, startGateway } from '../packages/store/src/testing/radosgw.ts'

const missing = gatewayMissing()
const folder = mkdtempSync(join(tmpdir(), 'holotype-bucket-'))
const site = join(folder, 'site')
const NOW = new Date('2026-11-21T12:00:00Z')

function write(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(site, path)), { recursive: true })
  writeFileSync(join(site, path), text)
}

/** A site whose top names the index it goes with, under a name of its own and under a link. */
async function publish(number: number): Promise<void> {
  const image = `image ${number}`
  const hex = hexOf(digestOf(image))
  write(`objects/${hex.slice(0, 2)}/${hex.slice(2)}`, image)
  write(`repo/alpm/one+${number}.pkg.tar.zst`, `package ${number}`)
  write(`repo/alpm/.tops/acme/${number}/acme.db`, `one+${number}.pkg.tar.zst`)
  write(`repo/alpm/.tops/acme/${number}/acme.db.sig`, `signature ${number}`)
  write('repo/key.asc', 'key')
  for (const name of ['acme.db', 'acme.db.sig'])
    if (number === 1) symlinkSync(`.tops/acme/current/${name}`, join(site, 'repo/alpm', name))
  if (number === 1) symlinkSync('1', join(site, 'repo/alpm/.tops/acme/current'))
  else {
    symlinkSync(`${number}`, join(site, 'repo/alpm/.tops/acme/new'))
    renameSync(join(site, 'repo/alpm/.tops/acme/new'), join(site, 'repo/alpm/.tops/acme/current'))
  }
  write('trust/timestamp.json', `objects/${hex.slice(0, 2)}/${hex.slice(2)}`)
  await writeSiteList({ site, notes: join(folder, 'digests'), now: NOW })
}

describe.skipIf(missing !== undefined)(`a site in a bucket${missing ? `: skipped, because ${missing}` : ''}`, () => {
  let gateway: ObjectGateway
  let bucket: Bucket
  const mirror = (more: Partial<Parameters<typeof mirrorOnce>[0]> = {}) =>
    mirrorOnce({
      origin: pathToFileURL(site).href,
      to: { ...gateway, bucket: 'site', region: 'us-east-1' },
      now: () => NOW,
      progress: silent,
      ...more,
    })
  const text = async (path: string) => (await bucket.get(path, 10_000))?.toString()
  /** What clients see, everything that it names being there. */
  const seen = async () => {
    const object = await text('trust/timestamp.json')
    if (object === undefined) return 'nothing'
    const database = await text('repo/alpm/acme.db')
    if (database !== undefined && (await text(`repo/alpm/${database}`)) === undefined) throw new Error(database)
    return `${(await text(object))?.slice(6)} ${database?.slice(4, 5)}`
  }
  beforeAll(async () => {
    gateway = await startGateway()
    await makeBucket(gateway, 'site')
    bucket = openBucket({ ...gateway, bucket: 'site', region: 'us-east-1' })
    await publish(1)
  }, 120_000)
  afterAll(async () => {
    await bucket?.[Symbol.asyncDispose]()
    await gateway?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('shows one whole state whenever a copy is ended, the tops of a repository last, and then the timestamp', async () => {
    await mirror()
    expect(await seen()).toBe('1 1')
    expect(await mirror()).toBeUndefined()
    await publish(2)
    const shown = new Set<string>()
    for (let end = 1; ; end += 3) {
      let steps = 0
      const stop = new Error('ended here')
      const afterStep = async () => {
        shown.add(await seen())
        if (++steps === end) throw stop
      }
      if ((await mirror({ afterStep }).catch((error: unknown) => error)) !== stop) break
    }
    expect([...shown].sort()).toEqual(['1 1', '1 2', '2 2'])
    expect(await text('repo/alpm/acme.db.sig')).toBe('signature 2')
    expect(await text('files/index.json')).toBe(readFileSync(join(site, 'files/index.json'), 'utf8'))
    expect(JSON.parse((await text('mirror.json')) ?? '')).toMatchObject({ start: { serial: 2 }, end: { serial: 2 } })
  })
  it('mends what is damaged, where it is told to look', async () => {
    const path = 'repo/alpm/one+1.pkg.tar.zst'
    const bytes = Buffer.from('damaged 1')
    await bucket.put({ key: path, size: bytes.length, digest: digestOf(bytes), cacheControl: 'no-cache' }, bytes)
    expect(await mirror()).toBeUndefined()
    expect(await mirror({ check: true })).toMatchObject({ files: 1 })
    expect(await text(path)).toBe('package 1')
  })
  it('lets go after a day of what an ended copy has begun and none has finished', async () => {
    const bytes = Buffer.alloc(65 * 1024 * 1024)
    const half = async function* () {
      yield bytes.subarray(0, 40 * 1024 * 1024)
      throw new Error('ended here')
    }
    const object = { key: 'objects/gone', size: bytes.length, digest: digestOf(bytes), cacheControl: 'x', create: true }
    await expect(bucket.put(object, half())).rejects.toThrow('ended here')
    const left = async () => (await Array.fromAsync(bucket.uploads(''))).length
    await publish(3)
    await mirror({ now: () => new Date() })
    expect(await left()).toBe(1)
    await publish(4)
    await mirror({ now: () => new Date(Date.now() + 25 * 3_600_000) })
    expect(await left()).toBe(0)
  })
  it('is not put beside what is there already', async () => {
    await makeBucket(gateway, 'other')
    const to = { ...gateway, bucket: 'other', region: 'us-east-1' }
    await using other = openBucket(to)
    const bytes = Buffer.from('x')
    await other.put({ key: 'mine', size: 1, digest: digestOf(bytes), cacheControl: 'no-cache' }, bytes)
    await expect(mirror({ to })).rejects.toMatchObject({ code: 'SITE_OTHER' })
  })
})
