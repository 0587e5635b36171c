import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { largeBytes } from '../../testing/large-bytes.ts'
import { gatewayMissing, makeBucket, type ObjectGateway, startGateway } from '../../testing/radosgw.ts'
import { type Bucket, openBucket } from './client.ts'
import { signRequest } from './sign.ts'

const missing = gatewayMissing()
const MIB = 1024 * 1024

async function keysOf(uploads: AsyncIterable<{ readonly key: string }>): Promise<readonly string[]> {
  return (await Array.fromAsync(uploads)).map(({ key }) => key)
}

/** A way to a server that tells of each piece that goes there. */
async function countingLink(endpoint: string, onBytes: (bytes: number) => void) {
  const { hostname, port } = new URL(endpoint)
  const server = createServer((client) => {
    const far = connect({ host: hostname, port: Number(port) })
    client.on('data', (chunk) => onBytes(chunk.length))
    client.pipe(far).pipe(client)
    for (const [one, other] of [
      [client, far],
      [far, client],
    ] as const)
      one.on('error', () => other.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

it('signs as the example of the specification', () => {
  // "GET Object" of "Signature Calculations for the Authorization Header" in Amazon's S3 API reference.
  const { authorization } = signRequest(
    { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    {
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
      headers: { range: 'bytes=0-9' },
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      region: 'us-east-1',
      now: new Date('2013-05-24T00:00:00Z'),
    },
  )
  expect(authorization).toMatch(/Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/)
})

describe.skipIf(missing !== undefined)(
  `a bucket of Ceph's gateway${missing ? `: skipped, because ${missing}` : ''}`,
  () => {
    let gateway: ObjectGateway
    let bucket: Bucket
    beforeAll(async () => {
      gateway = await startGateway()
      await makeBucket(gateway, 'site')
      bucket = openBucket({ ...gateway, bucket: 'site', region: 'us-east-1' })
    }, 120_000)
    afterAll(async () => {
      await bucket?.[Symbol.asyncDispose]()
      await gateway?.[Symbol.asyncDispose]()
    })
    const object = (key: string, bytes: Buffer, create = false) => ({
      key,
      size: bytes.length,
      digest: digestOf(bytes),
      cacheControl: 'no-cache',
      create,
    })
    async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000)
    }

    it('keeps what is put, under any name that a package has', async () => {
      for (const key of ['a', "repo/deb/pool/g++_1:2.0~rc1+b2_amd64 (x)'!.deb", 'ü/ß&=?#%41']) {
        const bytes = Buffer.from(`bytes of ${key}`)
        expect(await bucket.put(object(key, bytes), bytes)).toBe(true)
        expect(await bucket.get(key, 1000)).toEqual(bytes)
        expect(await bucket.head(key)).toEqual({ size: bytes.length, digest: digestOf(bytes) })
        await bucket.copy(key, `${key}.copy`)
        expect(await bucket.get(`${key}.copy`, 1000)).toEqual(bytes)
      }
      expect(await bucket.get('a', 3)).toBeUndefined()
      expect(await bucket.get('nothing', 3)).toBeUndefined()
      expect(await bucket.head('nothing')).toBeUndefined()
    })
    it('makes a new one once, whoever comes', async () => {
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, at) => {
          const bytes = Buffer.from(`by ${at}`)
          return bucket.put(object('once', bytes, true), bytes)
        }),
      )
      expect(made.filter(Boolean)).toHaveLength(1)
      expect((await bucket.get('once', 100))?.toString()).toBe(`by ${made.indexOf(true)}`)
    })
    it('refuses other bytes than were announced, whole and in parts', async () => {
      const wrong = { ...object('wrong', Buffer.from('right')), digest: digestOf('other') }
      await expect(bucket.put(wrong, Buffer.from('right'))).rejects.toMatchObject({ code: 'STORE_DIGEST_MISMATCH' })
      const large = randomBytes(65 * 1024 * 1024)
      const announced = { ...object('wrong', large), digest: digestOf('other') }
      await expect(bucket.put(announced, chunksOf(large))).rejects.toMatchObject({ code: 'STORE_DIGEST_MISMATCH' })
      expect(await bucket.head('wrong')).toBeUndefined()
    })
    it('takes what is larger than a request in parts', async () => {
      const large = randomBytes(70 * 1024 * 1024)
      expect(await bucket.put(object('large', large), chunksOf(large))).toBe(true)
      expect(await bucket.head('large')).toEqual({ size: large.length, digest: digestOf(large) })
      expect((await bucket.get('large', large.length))?.equals(large)).toBe(true)
    })
    it('goes on in an upload whose program was killed, and sends no part again that is there', async () => {
      const key = 'objects/killed'
      let seen = 0
      let child: ChildProcess | undefined
      await using link = await countingLink(gateway.endpoint, (bytes) => {
        seen += bytes
        // Two of three parts have gone, and a part of the third.
        if (seen > 68 * MIB) child?.kill('SIGKILL')
      })
      const script = join(import.meta.dirname, '../../testing/put-large.ts')
      const options = { ...gateway, endpoint: link.endpoint, bucket: 'site', region: 'us-east-1' }
      child = spawn(process.execPath, [script, JSON.stringify(options), key], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
      expect(await keysOf(bucket.uploads(''))).toEqual([key])
      expect(await bucket.head(key)).toBeUndefined()
      child = undefined
      seen = 0
      await using again = openBucket(options)
      const bytes = largeBytes()
      expect(await again.put(object(key, bytes, true), chunksOf(bytes))).toBe(true)
      expect(seen).toBeGreaterThan(bytes.length - 64 * MIB)
      expect(seen).toBeLessThan(bytes.length - 63 * MIB)
      expect(await bucket.head(key)).toEqual({ size: bytes.length, digest: digestOf(bytes) })
      expect((await bucket.get(key, bytes.length))?.equals(bytes)).toBe(true)
      expect(await keysOf(bucket.uploads(''))).toEqual([])
    })
    it('sends a part again that is there with other bytes', async () => {
      const key = 'objects/other'
      const bytes = largeBytes()
      const announced = object(key, bytes, true)
      const lost = new Error('the source broke off')
      const half = async function* () {
        yield Buffer.concat([Buffer.from('x'), bytes.subarray(1, 40 * MIB)])
        throw lost
      }
      await expect(bucket.put(announced, half())).rejects.toBe(lost)
      expect(await keysOf(bucket.uploads(''))).toEqual([key])
      expect(await bucket.put(announced, chunksOf(bytes))).toBe(true)
      expect((await bucket.get(key, bytes.length))?.equals(bytes)).toBe(true)
    })
    it('of two that go on in one upload both end well', async () => {
      const key = 'objects/both'
      const bytes = largeBytes()
      const announced = object(key, bytes, true)
      const half = async function* () {
        yield bytes.subarray(0, 40 * MIB)
        throw new Error('broke off')
      }
      await expect(bucket.put(announced, half())).rejects.toThrow('broke off')
      // Both may be told that they made it: they complete the same upload, of the same parts.
      await Promise.all([1, 2].map(() => bucket.put(announced, chunksOf(bytes))))
      expect(await bucket.head(key)).toEqual({ size: bytes.length, digest: digestOf(bytes) })
      expect(await keysOf(bucket.uploads(''))).toEqual([])
    })
    it('leaves nothing of what had wrong bytes or may change, and lets go of what it is told to', async () => {
      const bytes = largeBytes()
      const half = async function* () {
        yield bytes.subarray(0, 40 * MIB)
        throw new Error('broke off')
      }
      await expect(bucket.put(object('changes', bytes), half())).rejects.toThrow('broke off')
      const wrong = { ...object('wrong', bytes, true), digest: digestOf('other') }
      await expect(bucket.put(wrong, chunksOf(bytes))).rejects.toMatchObject({ code: 'STORE_DIGEST_MISMATCH' })
      expect(await keysOf(bucket.uploads(''))).toEqual([])
      await expect(bucket.put(object('given-up', bytes, true), half())).rejects.toThrow('broke off')
      for await (const upload of bucket.uploads('given-')) {
        expect(Date.now() - upload.begun.getTime()).toBeLessThan(60_000)
        await bucket.abort(upload)
        await bucket.abort(upload)
      }
      expect(await keysOf(bucket.uploads(''))).toEqual([])
    })
    it('lists and removes', async () => {
      const one = Buffer.from('x')
      for (let at = 0; at < 5; at++) await bucket.put(object(`list/${at}&<`, one), one)
      const keys = []
      for await (const { key, size } of bucket.list('list/')) keys.push(`${key} ${size}`)
      expect(keys).toEqual([0, 1, 2, 3, 4].map((at) => `list/${at}&< 1`))
      await bucket.remove('list/0&<')
      await bucket.remove('list/0&<')
      expect(await bucket.head('list/0&<')).toBeUndefined()
    })
    it('says what is refused', async () => {
      await using other = openBucket({ ...gateway, secretKey: 'wrong', bucket: 'site', region: 'us-east-1' })
      await expect(other.get('a', 10)).rejects.toMatchObject({ code: 'S3_REFUSED' })
      await using nowhere = openBucket({
        ...gateway,
        endpoint: 'http://127.0.0.1:9',
        bucket: 'site',
        region: 'us-east-1',
      })
      await expect(nowhere.get('a', 10)).rejects.toMatchObject({ code: 'S3_UNREACHABLE' })
    })
  },
)
