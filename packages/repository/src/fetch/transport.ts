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
  readonly chunks: AsyncIterable<Uint8Array>
  /** Ends the transfer, however far it came. */
  close(): void
}

export function openAgents(connections: number): Agents {
  const options = { keepAlive: true, maxSockets: connections }
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}

/**
 * Opens an address and follows redirects, never from https to http.
 * @throws FETCH_UNREACHABLE (`data.final` where another try is pointless), FETCH_NOT_FOUND
 */
export async function openBody(url: string, agents: Agents, idleMs: number): Promise<Body> {
  let current = parseUrl(url)
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    if (current.protocol === 'file:') {
      if (redirects > 0) throw refused(url, 'it redirects to a file')
      return openFile(current)
    }
    const response = await request(current, agents, idleMs)
    const status = response.statusCode ?? 0
    if (status === 200) return bodyOf(current, response)
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

function openFile(url: URL): Body {
  const path = fileURLToPath(url)
  try {
    const { size } = statSync(path)
    const stream = createReadStream(path)
    return { url: url.href, length: size, chunks: stream, close: () => void stream.destroy() }
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')
    if (missing) throw fail('FETCH_NOT_FOUND', { what: `there is no ${path}`, cause: error })
    throw fail('FETCH_UNREACHABLE', { what: `cannot read ${path}`, cause: error, data: { final: true } })
  }
}

function request(url: URL, agents: Agents, idleMs: number): Promise<IncomingMessage> {
  const headers = { 'user-agent': 'holotype', 'accept-encoding': 'identity' }
  return new Promise((resolve, reject) => {
    const unreachable = (cause: Error) => {
      const why = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
      reject(fail('FETCH_UNREACHABLE', { what: `cannot reach ${url.href}: ${why}`, cause }))
    }
    const sent =
      url.protocol === 'https:'
        ? httpsGet(url, { agent: agents.https, headers }, resolve)
        : httpGet(url, { agent: agents.http, headers }, resolve)
    // Also breaks a body that falls silent: the socket is destroyed, and its reader told.
    sent.setTimeout(idleMs, () => sent.destroy(new Error(`no byte for ${idleMs / 1000} s`)))
    sent.on('error', unreachable)
  })
}

function bodyOf(url: URL, response: IncomingMessage): Body {
  const announced = response.headers['content-length']
  const length = announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : undefined
  // A body closed before it was read would otherwise throw where nobody listens.
  response.on('error', () => {})
  return {
    url: url.href,
    length,
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
