import { digestOf } from '@holotype/base'
import { type BucketOptions, openBucket } from '@holotype/store/bucket'
import { isImmutable } from './layout.ts'
import type { SiteTarget } from './target.ts'

/** A first copy that was ended has left pieces of the list, and no more, before it said that it is one. */
function isForeign(key: string): boolean {
  return !key.startsWith('files/')
}

const FOR_EVER = 'public, max-age=31536000, immutable'

/**
 * A site in a bucket of an S3-compatible store. Every put appears whole or not at all; there are no links and no renames, so what a link leads to lies under
 * its name. What never changes is created only where there is none.
 */
export function openBucketTarget(options: BucketOptions): SiteTarget {
  const bucket = openBucket(options)
  return {
    address: `${options.endpoint}/${options.bucket}`,
    links: false,
    async isTaken() {
      for await (const { key } of bucket.list('')) if (isForeign(key)) return true
      return false
    },
    read: (path, maxBytes) => bucket.get(path, maxBytes),
    async write(path, bytes) {
      const cacheControl = isImmutable(path) ? FOR_EVER : 'no-cache'
      await bucket.put({ key: path, size: bytes.length, digest: digestOf(bytes), cacheControl }, bytes)
    },
    async has({ path, size, digest }) {
      const found = await bucket.head(path)
      return found?.size === size && found.digest === digest
    },
    async put({ path, size, digest }, rest) {
      const create = isImmutable(path)
      const object = { key: path, size, digest, cacheControl: create ? FOR_EVER : 'no-cache', create }
      if (await bucket.put(object, size === 0 ? Buffer.alloc(0) : rest(0))) return
      // Somebody was faster; or it is there, and damaged.
      if ((await bucket.head(path))?.digest !== digest)
        await bucket.put({ ...object, create: false }, size === 0 ? Buffer.alloc(0) : rest(0))
    },
    copy: (from, file) => bucket.copy(from.path, file.path),
    async link() {},
    async flush() {},
    remove: (path) => bucket.remove(path),
    async sweep(before) {
      for await (const upload of bucket.uploads('')) if (upload.begun < before) await bucket.abort(upload)
    },
    room: async () => undefined,
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  }
}
