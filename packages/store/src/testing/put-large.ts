import { digestOf } from '@holotype/base'
import { openBucket } from '../backends/s3/client.ts'
import { largeBytes } from './large-bytes.ts'

/* Puts one large object into a bucket, to be killed meanwhile. argv: the bucket's options as JSON, the key. */

const [options = '', key = ''] = process.argv.slice(2)
const bytes = largeBytes()

async function* chunks(): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
}

await using bucket = openBucket(JSON.parse(options))
const object = { key, size: bytes.length, digest: digestOf(bytes), cacheControl: 'no-cache', create: true }
await bucket.put(object, chunks())
