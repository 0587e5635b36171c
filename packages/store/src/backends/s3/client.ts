import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { digestOf, hexOf } from '@holotype/base'
import { fail } from '../../errors.ts'
import { S3_ANSWER_BYTES, S3_CONNECTIONS, S3_IDLE_MS, S3_WHOLE_BYTES } from '../../limits.ts'
import { abortUpload, putParts, type Upload, uploadsOf } from './parts.ts'
import {
  type Answer,
  type Call,
  element,
  elements,
  headersOf,
  mismatch,
  type ObjectToPut,
  refused,
  SHA256_HEADER,
} from './request.ts'
import { encodePart, type S3Credentials, signRequest } from './sign.ts'

export interface BucketOptions extends S3Credentials {
  /** `https://s3.example.net`: the bucket's name goes into the path. */
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
}

/** What is known of an object without its bytes. */
export interface ObjectFacts {
  readonly size: number
  /** What it was put as; undefined for what somebody else put. */
  readonly digest: string | undefined
}

/** One bucket of an S3-compatible store (Amazon S3 API 2006-03-01: what its makers and Ceph's gateway have in common). */
export interface Bucket extends AsyncDisposable {
  /** Its bytes, up to `maxBytes`; undefined where there is none, or it is larger. @throws S3_REFUSED, S3_UNREACHABLE */
  get(key: string, maxBytes: number): Promise<Buffer | undefined>
  head(key: string): Promise<ObjectFacts | undefined>
  /** Keys that begin with a prefix, in order, with their sizes. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly size: number }>
  /** False: there is one of that name, and only a new one was to be made. Of several that go on in one upload each may be told true. @throws S3_REFUSED, S3_UNREACHABLE, STORE_DIGEST_MISMATCH */
  put(object: ObjectToPut, body: AsyncIterable<Uint8Array> | Uint8Array): Promise<boolean>
  /** Large objects that were begun and are not complete, of keys that begin with a prefix. */
  uploads(prefix: string): AsyncIterable<Upload>
  /** Ends one and lets go of what is there of it. */
  abort(upload: Upload): Promise<void>
  /** Makes an object of one that is there, on the server. */
  copy(from: string, to: string): Promise<void>
  remove(key: string): Promise<void>
}

/** Opens a bucket; dispose it to close its connections. */
export function openBucket(options: BucketOptions): Bucket {
  const secure = options.endpoint.startsWith('https:')
  const settings = { keepAlive: true, maxSockets: S3_CONNECTIONS }
  const agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) }

  const send = async ({ method, key, query = {}, headers = {}, body, digest }: Call): Promise<IncomingMessage> => {
    const path = [options.bucket, ...key.split('/')].map(encodePart).join('/')
    const url = new URL(`${options.endpoint.replace(/\/+$/, '')}/${path.replace(/\/$/, '')}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const bytes = body instanceof Uint8Array || body === undefined ? (body ?? Buffer.alloc(0)) : undefined
    const sha256 = hexOf(digest ?? digestOf(bytes ?? ''))
    const length = bytes ? { 'content-length': String(bytes.length) } : {}
    const { region } = options
    const signed = signRequest(options, {
      method,
      url,
      headers: { ...length, ...headers },
      sha256,
      region,
      now: new Date(),
    })
    return await new Promise((resolve, reject) => {
      const unreachable = (cause: unknown) =>
        reject(fail('S3_UNREACHABLE', { what: `${url.origin} does not answer ${method} ${url.pathname}`, cause }))
      const sent = secure
        ? httpsRequest(url, { method, headers: signed, agent: agents.https }, resolve)
        : httpRequest(url, { method, headers: signed, agent: agents.http }, resolve)
      sent.setTimeout(S3_IDLE_MS, () => sent.destroy(new Error(`no byte for ${S3_IDLE_MS / 1000} s`)))
      sent.on('error', unreachable)
      if (bytes) sent.end(bytes)
      else
        writeBody(sent, body).catch((error: unknown) => {
          // First what went wrong in the source, then the end of the request.
          reject(error instanceof Error ? error : new Error(String(error)))
          sent.destroy()
        })
    })
  }
  /** The answer's bytes; undefined for a status that the caller knows about. */
  const call = async (request: Call, known: readonly number[] = []): Promise<Answer | undefined> => {
    const answer = await send(request)
    const status = answer.statusCode ?? 0
    const bytes = await readAll(answer, S3_ANSWER_BYTES)
    if (status >= 200 && status < 300) return { bytes, headers: answer.headers }
    if (known.includes(status)) return undefined
    throw refused(request, status, bytes)
  }

  return {
    async get(key, maxBytes) {
      const answer = await send({ method: 'GET', key })
      const status = answer.statusCode ?? 0
      if (status === 200 && Number(answer.headers['content-length']) > maxBytes) {
        answer.destroy()
        return undefined
      }
      const bytes = await readAll(answer, status === 200 ? maxBytes : S3_ANSWER_BYTES)
      if (status === 200) return bytes
      if (status === 404) return undefined
      throw refused({ method: 'GET', key }, status, bytes)
    },
    async head(key) {
      const found = await call({ method: 'HEAD', key }, [404])
      if (!found) return undefined
      const sha256 = found.headers[SHA256_HEADER]
      return {
        size: Number(found.headers['content-length']),
        digest: typeof sha256 === 'string' ? `sha256:${sha256}` : undefined,
      }
    },
    async *list(prefix) {
      let token: string | undefined
      do {
        const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) }
        const text = (await call({ method: 'GET', key: '', query }))?.bytes.toString() ?? ''
        for (const one of elements(text, 'Contents')) {
          const key = element(one, 'Key')
          if (key !== undefined) yield { key, size: Number(element(one, 'Size')) }
        }
        token = element(text, 'NextContinuationToken')
      } while (token !== undefined)
    },
    async put(object, body) {
      const { key, digest, size, create } = object
      if (size > S3_WHOLE_BYTES && !(body instanceof Uint8Array)) return await putParts(call, object, body)
      const condition = create ? { 'if-none-match': '*' } : {}
      const headers = { ...headersOf(object), ...condition, 'content-length': String(size) }
      try {
        return (await call({ method: 'PUT', key, headers, body, digest }, create ? [409, 412] : [])) !== undefined
      } catch (error) {
        if (error instanceof Error && /XAmzContentSHA256Mismatch|BadDigest/.test(error.message)) throw mismatch(object)
        throw error
      }
    },
    async copy(from, to) {
      const source = `/${[options.bucket, ...from.split('/')].map(encodePart).join('/')}`
      await call({ method: 'PUT', key: to, headers: { 'x-amz-copy-source': source } })
    },
    uploads: (prefix) => uploadsOf(call, prefix),
    abort: (upload) => abortUpload(call, upload),
    async remove(key) {
      await call({ method: 'DELETE', key }, [404])
    },
    async [Symbol.asyncDispose]() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

async function writeBody(
  sent: ReturnType<typeof httpRequest>,
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined,
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return
  for await (const chunk of body)
    if (!sent.write(chunk))
      await new Promise<void>((resolve) => void sent.once('drain', resolve).once('close', resolve))
  sent.end()
}

async function readAll(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of answer) {
      if (!Buffer.isBuffer(chunk)) continue
      length += chunk.length
      if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw fail('S3_UNREACHABLE', { what: 'an answer of the object store broke off', cause })
  }
  return Buffer.concat(chunks)
}
