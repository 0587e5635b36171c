import { createHash, hash } from 'node:crypto'
import { type Digest, digestOf, isErrorCode } from '@holotype/base'
import { type Compression, decompress, type ExpectedBytes, type UpstreamIndex } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import type { Fetcher } from '../fetch/fetcher.ts'
import { INDEX_BYTES } from '../limits.ts'
import { asUpstream, mismatch } from './failures.ts'
import { recallObject } from './recall.ts'
import { urlOf } from './top.ts'

interface From {
  readonly uri: string
  readonly store: Store
  readonly fetcher: Fetcher
}

/** An index as it lies in the store, uncompressed. */
export interface TakenIndex {
  readonly digest: Digest
  /** Bytes fetched for it: 0 when the store had it. */
  readonly fetched: number
}

/**
 * Brings an index into the store, uncompressed: in the first of its forms that the server has, checked by size and digest before it is
 * unpacked and, where the top says what comes out, after; unpacking stops at the size. What the store has is not fetched.
 * @throws UPSTREAM_UNREACHABLE, UPSTREAM_MISMATCH, DISK_FULL
 */
export async function takeIndex(from: From, forms: readonly UpstreamIndex[]): Promise<TakenIndex> {
  const { store } = from
  for (const form of forms) {
    const stored = storedIndex(store, form)
    if (stored) return { digest: stored, fetched: 0 }
  }
  for (const form of forms) {
    const found = await fetchForm(from, form)
    if (!found) continue
    const { compression, open } = form
    const digest = await unpack(store, found.bytes, { compression, url: found.url, ...(open ? { open } : {}) })
    // What it unpacks to is known by its SHA-256 from the top, or from now on.
    if (!open?.sha256) store.remember(openKey(form), digest)
    return { digest, fetched: found.bytes.length }
  }
  throw fail('UPSTREAM_UNREACHABLE', {
    what: `${from.uri} has none of ${forms.map(({ paths }) => paths.at(-1)).join(', ')}`,
  })
}

export interface UnpackOptions {
  readonly compression: Compression
  /** Where the bytes are from, for errors. */
  readonly url: string
  readonly open?: ExpectedBytes
}

/** Unpacks bytes into the store as they come. @throws UPSTREAM_MISMATCH, DISK_FULL */
export async function unpack(store: Store, bytes: Buffer, { compression, url, open }: UnpackOptions): Promise<Digest> {
  const limit = open?.size ?? INDEX_BYTES
  if (limit > INDEX_BYTES) throw mismatch(`${url} unpacks to ${limit} bytes; the limit INDEX_BYTES is ${INDEX_BYTES}`)
  try {
    const source = decompress(once(bytes), { compression, limit, what: url })
    const checked = open?.sha512 === undefined ? source : checkedBy(source, open.sha512, url)
    const { digest } = await store.putStream(checked, open && !open.sha512 ? `sha256:${open.sha256}` : undefined)
    return digest
  } catch (error) {
    if (isErrorCode(error, 'STORE_DIGEST_MISMATCH'))
      throw mismatch(`${url} unpacks to other bytes than are signed`, error)
    if (isErrorCode(error, 'PACKAGE_TOO_LARGE'))
      throw mismatch(`${url} unpacks to more than ${open ? 'its top says' : 'INDEX_BYTES'}, ${limit} bytes`, error)
    if (isErrorCode(error, 'PACKAGE_MALFORMED')) throw mismatch(`${url} does not unpack`, error)
    throw error
  }
}

/** The same bytes; those that are not what was signed end in an error, before anyone has stored them. */
async function* checkedBy(
  source: AsyncIterable<Uint8Array>,
  sha512: string,
  url: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const running = createHash('sha512')
  for await (const chunk of source) {
    running.update(chunk)
    yield chunk
  }
  if (running.digest('hex') !== sha512) throw mismatch(`${url} unpacks to other bytes than are signed`)
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

/** The form's bytes as the signed top has them; undefined if the server has the file under none of its names. */
async function fetchForm(
  { uri, fetcher }: From,
  { paths, size, sha256, sha512 }: UpstreamIndex,
): Promise<{ readonly url: string; readonly bytes: Buffer } | undefined> {
  if (size > INDEX_BYTES)
    throw mismatch(`${paths.at(-1)} of ${uri} has ${size} bytes; the limit INDEX_BYTES is ${INDEX_BYTES}`)
  for (const path of paths) {
    const url = urlOf({ uri }, path)
    try {
      const { bytes } = await fetcher.get(url, size)
      const same = sha512 === undefined ? digestOf(bytes) === `sha256:${sha256}` : hash('sha512', bytes) === sha512
      if (bytes.length === size && same) return { url, bytes }
      throw mismatch(`${url} is not the file that the signed top names`)
    } catch (error) {
      if (isErrorCode(error, 'FETCH_NOT_FOUND')) continue
      throw asUpstream(error)
    }
  }
  return undefined
}

/** What a form unpacks to, if the store has it: by the digest that the top says, or that an earlier unpacking told. */
function storedIndex(store: Store, form: UpstreamIndex): Digest | undefined {
  if (!form.open?.sha256) return recallObject(store, openKey(form))
  const digest: Digest = `sha256:${form.open.sha256}`
  return store.has(digest) ? digest : undefined
}

function openKey({ sha256, sha512 }: UpstreamIndex): string {
  return `unpacked-index/${sha512 ?? sha256}`
}
