import { createReadStream, statSync } from 'node:fs'
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, get as httpsGet } from 'node:https'
import { fileURLToPath } from 'node:url'
import { errnoOf } from '@holotype/base'
import { fail } from '../errors.ts'
import { REDIRECTS } from '../limits.ts'

/** Kept-alive connections. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** An answer whose body has not been read yet. */
export interface Body {
  /** The address that answered, after redirects. */
  readonly url: string
  /** Bytes that the server announced. */
  readonly length: number | undefined
  /** Where in the file it begins: not always where it was asked to. */
  readonly from: number
  /** What the server calls these bytes. */
  readonly etag: string | undefined
  /** False: they are those that the `if-none-match` of the headers names, and are not sent. */
  readonly modified: boolean
  /** Whether the server waits for others where it is asked to (RFC 7240 §4.3). */
  readonly waits: boolean
  readonly chunks: AsyncIterable<Uint8Array>
  /** Ends the transfer, however far it came. */
  close(): void
}

/** What is asked for besides an address. */
export interface BodyOptions {
  /** Milliseconds without a byte before it counts as silent. */
  readonly idleMs: number
  /** The first byte that is wanted; a server without ranges sends all. Default: 0. */
  readonly from?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Aborted: nothing is asked any more. */
  readonly signal?: AbortSignal | undefined
}

export function openAgents(connections: number): Agents {
  const options = { keepAlive: true, maxSockets: connections }
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}

/**
 * Opens an address and follows redirects, never from https to http.
 * @throws FETCH_UNREACHABLE (`data.final` where another try is pointless), FETCH_NOT_FOUND
 */
export async function openBody(url: string, agents: Agents, options: BodyOptions): Promise<Body> {
  const { from = 0 } = options
  let current = parseUrl(url)
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    if (current.protocol === 'file:') {
      if (redirects > 0) throw refused(url, 'it redirects to a file')
      return openFile(current, from)
    }
    const response = await request(current, agents, options)
    const status = response.statusCode ?? 0
    if (status === 200 || (status === 206 && from > 0) || status === 304) return bodyOf(current, response)
    response.destroy()
    const { location } = response.headers
    if (status < 300 || status > 399 || location === undefined) throw answer(url, status)
    const next = parseUrl(location, current)
    if (current.protocol === 'https:' && next.protocol !== 'https:')
      throw refused(url, 'it redirects from https to http')
    current = next
  }
  throw refused(url, `it redirects more than ${REDIRECTS} times`)
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (!url || !['http:', 'https:', 'file:'].includes(url.protocol))
    throw refused(text, 'only http, https and file addresses are fetched')
  return url
}

function openFile(url: URL, from: number): Body {
  const path = fileURLToPath(url)
  try {
    const { size } = statSync(path)
    const stream = createReadStream(path, { start: from })
    const length = Math.max(0, size - from)
    const plain = { etag: undefined, modified: true, waits: false }
    return { url: url.href, length, from, ...plain, chunks: stream, close: () => void stream.destroy() }
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')
    if (missing) throw fail('FETCH_NOT_FOUND', { what: `there is no ${path}`, cause: error })
    throw fail('FETCH_UNREACHABLE', { what: `cannot read ${path}`, cause: error, data: { final: true } })
  }
}

function request(url: URL, agents: Agents, options: BodyOptions): Promise<IncomingMessage> {
  const { idleMs, from = 0, signal } = options
  const range = from === 0 ? {} : { range: `bytes=${from}-` }
  const headers = { 'user-agent': 'holotype', 'accept-encoding': 'identity', ...range, ...options.headers }
  const common = { headers, ...(signal ? { signal } : {}) }
  return new Promise((resolve, reject) => {
    const unreachable = (cause: Error) => {
      const why = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
      reject(fail('FETCH_UNREACHABLE', { what: `cannot reach ${url.href}: ${why}`, cause }))
    }
    const sent =
      url.protocol === 'https:'
        ? httpsGet(url, { ...common, agent: agents.https }, resolve)
        : httpGet(url, { ...common, agent: agents.http }, resolve)
    // Also breaks a body that falls silent: the socket is destroyed, and its reader told.
    sent.setTimeout(idleMs, () => sent.destroy(new Error(`no byte for ${idleMs / 1000} s`)))
    sent.on('error', unreachable)
  })
}

function bodyOf(url: URL, response: IncomingMessage): Body {
  const announced = response.headers['content-length']
  const length = announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : undefined
  const [, from] = /^bytes (\d{1,15})-/.exec(response.headers['content-range'] ?? '') ?? []
  // A body closed before it was read would otherwise throw where nobody listens.
  response.on('error', () => {})
  return {
    url: url.href,
    length,
    from: response.statusCode === 206 ? Number(from) : 0,
    etag: response.headers.etag,
    modified: response.statusCode !== 304,
    waits: /\bwait\b/.test(String(response.headers['preference-applied'] ?? '')),
    chunks: response,
    close() {
      if (!response.complete) response.destroy()
    },
  }
}

function answer(url: string, status: number): Error {
  const what = `${url} answers ${status}`
  if (status === 404 || status === 410) return fail('FETCH_NOT_FOUND', { what })
  const final = status < 500 && status !== 408 && status !== 429
  return fail('FETCH_UNREACHABLE', { what, data: { status, final } })
}

function refused(url: string, why: string): Error {
  return fail('FETCH_UNREACHABLE', { what: `${url} is not fetched: ${why}`, data: { final: true } })
}
