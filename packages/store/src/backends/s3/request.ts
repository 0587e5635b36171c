import { type Digest, hexOf } from '@holotype/base'
import { fail } from '../../errors.ts'

/** An object that is put. */
export interface ObjectToPut {
  readonly key: string
  readonly size: number
  /** What its bytes must come to: the server refuses others, and above the size of a part we do. */
  readonly digest: Digest
  readonly cacheControl: string
  /**
   * True: only if there is none of that name (RFC 9110 §13.1.2), which can have no other bytes than these. What an attempt that was ended has put of a large
   * one is taken up.
   */
  readonly create?: boolean
}

/** One request to the store. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array
  /** Of the body, where that is not bytes. */
  readonly digest?: Digest
}

export interface Answer {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Sends a request; undefined for a status that the caller knows about. @throws S3_REFUSED, S3_UNREACHABLE */
export type Send = (request: Call, known?: readonly number[]) => Promise<Answer | undefined>

export const SHA256_HEADER = 'x-amz-meta-sha256'

export function headersOf({ digest, cacheControl }: ObjectToPut): Record<string, string> {
  return { 'cache-control': cacheControl, [SHA256_HEADER]: hexOf(digest) }
}

export function refused({ method, key }: Pick<Call, 'method' | 'key'>, status: number, bytes: Buffer): Error {
  const code = element(bytes.toString('utf8', 0, 4096), 'Code') ?? 'without a reason'
  return fail(status >= 500 ? 'S3_UNREACHABLE' : 'S3_REFUSED', {
    what: `${method} ${key} is answered by ${status} ${code}`,
    data: { status },
  })
}

export function mismatch({ key, digest }: ObjectToPut): Error {
  return fail('STORE_DIGEST_MISMATCH', {
    what: `the bytes that came for ${key} are not those of ${digest}`,
    data: { key },
  })
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#34': '"',
  apos: "'",
  '#39': "'",
}

/** The text of the first element of a name in one of the store's XML answers, which hold no markup within. */
export function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replace(/&(amp|lt|gt|quot|apos|#34|#39);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

/** What stands between the tags of each element of a name. */
export function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, inside = '']) => inside)
}
