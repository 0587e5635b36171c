import { setTimeout as sleep } from 'node:timers/promises'
import { HolotypeError, isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import { CONNECTIONS, GRACE_MS, IDLE_MS, MIN_BYTES_PER_SECOND, RETRY_DELAY_MS, TRIES } from '../limits.ts'
import { type Agents, type Body, openAgents, openBody } from './transport.ts'

export interface FetcherOptions {
  /** Connections kept open per host. Default: 8. */
  readonly connections?: number
  /** Milliseconds without a byte before a try is given up. Default: 30,000. */
  readonly idleMs?: number
  /** Mean speed in bytes per second below which a download is given up, once `graceMs` are over. Default: 4,096. */
  readonly minBytesPerSecond?: number
  /** Milliseconds before the mean speed counts. Default: 60,000. */
  readonly graceMs?: number
  /** Tries of one address before it counts as unreachable. Default: 3. */
  readonly tries?: number
  /** Milliseconds before the second try; doubled for each further one. Default: 400. */
  readonly retryDelayMs?: number
  /** Aborted: what is under way breaks off, and nothing is tried again. */
  readonly signal?: AbortSignal
}

export interface Fetched {
  readonly bytes: Buffer
  /** The address that answered, after redirects. */
  readonly url: string
}

export interface News {
  /** Undefined: they are those that the server called `etag` before. */
  readonly bytes: Buffer | undefined
  /** What the server calls them, for the next question. */
  readonly etag: string | undefined
  /** Whether the server waits for news where it is asked to. */
  readonly waits: boolean
}

/** Fetches over http, https and file, with kept-alive connections, tries, and bounds on size and time. */
export interface Fetcher extends AsyncDisposable {
  /**
   * The bytes at an address; never more than `maxBytes`.
   * @throws FETCH_UNREACHABLE, FETCH_NOT_FOUND, FETCH_TRUNCATED, FETCH_MISMATCH (more than `maxBytes`)
   */
  get(url: string, maxBytes: number): Promise<Fetched>
  /**
   * Hands a body of exactly `size` bytes to `take` as it comes; called again, from the first byte, for each try.
   * @throws FETCH_UNREACHABLE, FETCH_NOT_FOUND, FETCH_TRUNCATED, FETCH_MISMATCH (more or less than `size`), and what `take` throws
   */
  stream<T>(url: string, size: number, take: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>
  /**
   * The bytes of a file of exactly `size` bytes from the byte `from` on, tried once: who has taken some asks for the rest.
   * @throws as `stream`
   */
  rest(url: string, size: number, from: number): AsyncIterable<Uint8Array>
  /**
   * The bytes at an address, unless they are those that the server called `etag`: then it is said so, by a server that can (RFC 7240 §4.3) only after it
   * has waited `waitSeconds` for others.
   * @throws as `get`
   */
  news(url: string, maxBytes: number, known: { readonly etag?: string; readonly waitSeconds?: number }): Promise<News>
}

interface Bounds {
  readonly maxBytes: number
  /** True if the body must have exactly `maxBytes`. */
  readonly exact: boolean
}

/** Opens a fetcher; dispose it to close its connections. */
export function openFetcher(options: FetcherOptions = {}): Fetcher {
  const agents = openAgents(options.connections ?? CONNECTIONS)
  const close = () => {
    agents.http.destroy()
    agents.https.destroy()
  }
  options.signal?.addEventListener('abort', close, { once: true })
  return {
    get: (url, maxBytes) =>
      attempt(options, () =>
        fetchOnce({ agents, options, url, bounds: { maxBytes, exact: false } }, async (body, answered) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of body) chunks.push(chunk)
          return { bytes: Buffer.concat(chunks), url: answered }
        }),
      ),
    stream: (url, size, take) =>
      attempt(options, () => fetchOnce({ agents, options, url, bounds: { maxBytes: size, exact: true } }, take)),
    rest: (url, size, from) => restOf({ agents, options, url, bounds: { maxBytes: size - from, exact: true } }, from),
    async news(url, maxBytes, { etag, waitSeconds = 0 }) {
      const headers = {
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
        ...(waitSeconds === 0 ? {} : { prefer: `wait=${waitSeconds}` }),
      }
      const idleMs = (options.idleMs ?? IDLE_MS) + waitSeconds * 1000
      const body = await openBody(url, agents, { idleMs, headers, signal: options.signal })
      const { waits } = body
      try {
        if (!body.modified) return { bytes: undefined, etag, waits }
        const chunks: Uint8Array[] = []
        for await (const chunk of bounded(url, body, { maxBytes, exact: false }, options)) chunks.push(chunk)
        return { bytes: Buffer.concat(chunks), etag: body.etag, waits }
      } finally {
        body.close()
      }
    },
    async [Symbol.asyncDispose]() {
      options.signal?.removeEventListener('abort', close)
      close()
    },
  }
}

/** Tries again what may pass: no answer, a server's own error, a body cut short. Never what is wrong. */
async function attempt<T>(options: FetcherOptions, once: () => Promise<T>): Promise<T> {
  const tries = options.tries ?? TRIES
  for (let number = 1; ; number++) {
    try {
      return await once()
    } catch (error) {
      if (number >= tries || options.signal?.aborted || !mayPass(error)) throw error
      await sleep((options.retryDelayMs ?? RETRY_DELAY_MS) * 2 ** (number - 1), undefined, {
        ...(options.signal ? { signal: options.signal } : {}),
      })
    }
  }
}

function mayPass(error: unknown): boolean {
  if (isErrorCode(error, 'FETCH_TRUNCATED')) return true
  return isErrorCode(error, 'FETCH_UNREACHABLE') && error.data['final'] !== true
}

interface OneFetch {
  readonly agents: Agents
  readonly options: FetcherOptions
  readonly url: string
  readonly bounds: Bounds
}

async function fetchOnce<T>(
  { agents, options, url, bounds }: OneFetch,
  take: (body: AsyncIterable<Uint8Array>, answered: string) => Promise<T>,
): Promise<T> {
  const body = await openWhole(url, agents, options)
  let broken: unknown
  const checked = (async function* () {
    try {
      yield* bounded(url, body, bounds, options)
    } catch (error) {
      broken = error
      throw error
    }
  })()
  try {
    return await take(checked, body.url)
  } catch (error) {
    // Whoever takes the body may wrap what the body threw.
    throw broken ?? error
  } finally {
    body.close()
  }
}

async function openWhole(url: string, agents: Agents, options: FetcherOptions, from = 0): Promise<Body> {
  const body = await openBody(url, agents, { idleMs: options.idleMs ?? IDLE_MS, from, signal: options.signal })
  if (body.modified) return body
  body.close()
  throw fail('FETCH_UNREACHABLE', { what: `${url} answers 304 to who has nothing`, data: { final: true } })
}

/** What a server without ranges sends before `from` is passed over. */
async function* restOf({ agents, options, url, bounds }: OneFetch, from: number): AsyncGenerator<Uint8Array> {
  const body = await openWhole(url, agents, options, from)
  try {
    if (!(body.from <= from)) throw fail('FETCH_MISMATCH', { what: `${url} begins elsewhere than at byte ${from}` })
    let before = from - body.from
    for await (const chunk of bounded(url, body, { ...bounds, maxBytes: bounds.maxBytes + before }, options)) {
      if (chunk.length > before) yield chunk.subarray(before)
      before = Math.max(0, before - chunk.length)
    }
  } finally {
    body.close()
  }
}

/** The body's bytes as long as they keep to size and speed. */
async function* bounded(
  url: string,
  body: Body,
  { maxBytes, exact }: Bounds,
  options: FetcherOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const wrong = (words: string) => fail('FETCH_MISMATCH', { what: `${url} ${words}` })
  const { length } = body
  if (length !== undefined && (length > maxBytes || (exact && length < maxBytes)))
    throw wrong(`has ${length} bytes, not ${exact ? '' : 'at most '}${maxBytes}`)
  const grace = options.graceMs ?? GRACE_MS
  const speed = options.minBytesPerSecond ?? MIN_BYTES_PER_SECOND
  const start = performance.now()
  let bytes = 0
  try {
    for await (const chunk of body.chunks) {
      bytes += chunk.length
      if (bytes > maxBytes) throw wrong(`has more than ${maxBytes} bytes`)
      const late = performance.now() - start - grace
      if (late > 0 && bytes < (late / 1000) * speed)
        throw fail('FETCH_UNREACHABLE', { what: `${url} comes at less than ${speed} bytes a second` })
      yield chunk
    }
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    throw fail('FETCH_TRUNCATED', { what: `${url} broke off after ${bytes} bytes`, cause: error })
  }
  const expected = exact ? maxBytes : length
  if (expected !== undefined && bytes < expected)
    throw fail('FETCH_TRUNCATED', { what: `${url} ended after ${bytes} of ${expected} bytes` })
}
