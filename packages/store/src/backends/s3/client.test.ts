import { randomBytes } from 'node:crypto'
import { digestOf } from '@holotype/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewayMissing, makeBucket, type ObjectGateway, startGateway } from '../../testing/radosgw.ts'
import { type Bucket, openBucket } from './client.ts'
import { signRequest } from './sign.ts'

const missing = gatewayMissing()

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
