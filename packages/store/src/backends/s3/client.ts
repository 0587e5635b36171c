import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Digest, digester, digestOf, hexOf } from '@holotype/base'
import { fail } from '../../errors.ts'
import { S3_ANSWER_BYTES, S3_CONNECTIONS, S3_IDLE_MS, S3_PART_BYTES, S3_WHOLE_BYTES } from '../../limits.ts'
import { encodePart, type S3Credentials, signRequest } from './sign.ts'

export interface BucketOptions extends S3Credentials {
  /** `https://s3.example.net`: the bucket's name goes into the path. */
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
}

/** An object that is put. */
export interface ObjectToPut {
  readonly key: string
  readonly size: number
  /** What its bytes must come to: the server refuses others, and above the size of a part we do. */
  readonly digest: Digest
  readonly cacheControl: string
  /** True: only if there is none of that name (RFC 9110 §13.1.2). */
  readonly create?: boolean
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
  /** False: there is one of that name, and only a new one was to be made. @throws S3_REFUSED, S3_UNREACHABLE, STORE_DIGEST_MISMATCH */
  put(object: ObjectToPut, body: AsyncIterable<Uint8Array> | Uint8Array): Promise<boolean>
  /** Makes an object of one that is there, on the server. */
  copy(from: string, to: string): Promise<void>
  remove(key: string): Promise<void>
}

interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array
  /** Of the body, where that is not bytes. */
  readonly digest?: Digest
}

const SHA256_HEADER = 'x-amz-meta-sha256'

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
  const call = async (request: Call, known: readonly number[] = []) => {
    const answer = await send(request)
    const status = answer.statusCode ?? 0
    const bytes = await readAll(answer, S3_ANSWER_BYTES)
    if (status >= 200 && status < 300) return { bytes, headers: answer.headers }
    if (known.includes(status)) return undefined
    throw refused(request, status, bytes)
  }

  const putParts = async (object: ObjectToPut, body: AsyncIterable<Uint8Array>): Promise<boolean> => {
    const { key, digest } = object
    const begun = await call({ method: 'POST', key, query: { uploads: '' }, headers: headersOf(object) })
    const upload = element(begun?.bytes.toString() ?? '', 'UploadId')
    if (upload === undefined) throw fail('S3_REFUSED', { what: `the server gives no upload for ${key}` })
    const query = { uploadId: upload }
    try {
      const running = digester()
      const tags: string[] = []
      for await (const part of inParts(body)) {
        running.update(part)
        const partNumber = String(tags.length + 1)
        const done = await call({ method: 'PUT', key, query: { ...query, partNumber }, body: part })
        tags.push(done?.headers.etag ?? '')
      }
      if (running.digest() !== digest) throw mismatch(object)
      const parts = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
      const xml = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
      const condition = object.create ? { 'if-none-match': '*' } : {}
      const done = await call({ method: 'POST', key, query, headers: condition, body: xml }, [409, 412])
      // A server may say 200 at once and what went wrong in the body.
      if (done && !done.bytes.includes('CompleteMultipartUploadResult'))
        throw refused({ method: 'POST', key }, 200, done.bytes)
      if (!done) await call({ method: 'DELETE', key, query }, [404])
      return done !== undefined
    } catch (error) {
      await call({ method: 'DELETE', key, query }, [404]).catch(() => {})
      throw error
    }
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
        for (const [, one = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const key = element(one, 'Key')
          if (key !== undefined) yield { key, size: Number(element(one, 'Size')) }
        }
        token = element(text, 'NextContinuationToken')
      } while (token !== undefined)
    },
    async put(object, body) {
      const { key, digest, size, create } = object
      if (size > S3_WHOLE_BYTES && !(body instanceof Uint8Array)) return await putParts(object, body)
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
    async remove(key) {
      await call({ method: 'DELETE', key }, [404])
    },
    async [Symbol.asyncDispose]() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

function headersOf({ digest, cacheControl }: ObjectToPut): Record<string, string> {
  return { 'cache-control': cacheControl, [SHA256_HEADER]: hexOf(digest) }
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

/** Pieces of one size but for the last. */
async function* inParts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    held.push(chunk)
    length += chunk.length
    if (length < S3_PART_BYTES) continue
    yield Buffer.concat(held)
    held = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(held)
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

function refused({ method, key }: Pick<Call, 'method' | 'key'>, status: number, bytes: Buffer): Error {
  const code = element(bytes.toString('utf8', 0, 4096), 'Code') ?? 'without a reason'
  return fail(status >= 500 ? 'S3_UNREACHABLE' : 'S3_REFUSED', {
    what: `${method} ${key} is answered by ${status} ${code}`,
    data: { status },
  })
}

function mismatch({ key, digest }: ObjectToPut): Error {
  return fail('STORE_DIGEST_MISMATCH', {
    what: `the bytes that came for ${key} are not those of ${digest}`,
    data: { key },
  })
}

/** The text of the first element of a name in one of the store's XML answers, which hold no markup within. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => entities[entity] ?? '')
}
