import { fail } from '../errors.ts'

/**
 * Gets a file of the site. `path` is relative to the site's base, without a leading slash: `trust/timestamp.json`. Undefined: there is no
 * such file (404). It stops reading at the latest one byte past `maxBytes`: what is longer than `maxBytes` the client refuses. Any other
 * failure is thrown and comes out of `refresh` as it is.
 */
export type TrustFetch = (path: string, maxBytes: number) => Promise<Uint8Array | undefined>

/** Endless data attack: nothing is taken that is longer than what is signed above it, or than our limit. @throws METADATA_TOO_LARGE */
export async function getIfThere(fetch: TrustFetch, path: string, maxBytes: number): Promise<Buffer | undefined> {
  const bytes = await fetch(path, maxBytes)
  if (bytes === undefined) return undefined
  if (bytes.length > maxBytes)
    throw fail('METADATA_TOO_LARGE', { what: `${path} is larger than ${maxBytes} bytes`, data: { file: path } })
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** @throws METADATA_TOO_LARGE, METADATA_MISSING */
export async function get(fetch: TrustFetch, path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await getIfThere(fetch, path, maxBytes)
  if (bytes === undefined) throw fail('METADATA_MISSING', { what: `the site has no ${path}`, data: { file: path } })
  return bytes
}
