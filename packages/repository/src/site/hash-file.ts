import { createReadStream, readFileSync } from 'node:fs'
import { type Digest, digester, digestOf, errnoOf } from '@holotype/base'
import { SITE_SMALL_BYTES } from '../limits.ts'

/** A file's digest and size; undefined where there is none. `size`: what is expected, which decides how it is read. */
export async function hashFile(
  file: string,
  size: number,
): Promise<{ readonly digest: Digest; readonly size: number } | undefined> {
  try {
    if (size <= SITE_SMALL_BYTES) {
      const bytes = readFileSync(file)
      return { digest: digestOf(bytes), size: bytes.length }
    }
    return await hashStream(createReadStream(file, { highWaterMark: 1024 * 1024 }))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The digest of what comes, without holding it. */
export async function hashStream(
  body: AsyncIterable<unknown>,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const running = digester()
  let size = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue
    running.update(chunk)
    size += chunk.length
  }
  return { digest: running.digest(), size }
}
