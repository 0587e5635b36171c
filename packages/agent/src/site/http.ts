import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as SecureAgent, request as httpsRequest } from 'node:https'
import { awake, pass } from '../throttle/this-process.ts'

/*
 * A thin request on node:http: the built-in fetch costs a fast start and memory that this program saves.
 * Redirects are not followed: a node asks the hosts it is configured with and no other. A mirror that moved is a mirror to configure anew.
 */

export interface HttpOptions {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Milliseconds the connection may stay silent, before the answer and within it. */
  readonly idleMs: number
  /** Milliseconds until the head of the answer is there, whatever comes before; default: no limit but silence. */
  readonly answerMs?: number
  /** Milliseconds from the first byte sent to the last received; default: no limit but silence. */
  readonly totalMs?: number
  readonly signal?: AbortSignal
}

/** How fast a body has to come. */
export interface Pace {
  /** Milliseconds waited for bytes over which the speed is taken. */
  readonly overMs: number
  /** Bytes per second below which the body is given up. */
  readonly least: () => number
  /** Told at the end, whatever it is: bytes, and milliseconds until all of them were read. */
  readonly measured: (bytes: number, milliseconds: number) => void
}

const agents = {
  'http:': new Agent({ keepAlive: true, maxSockets: 8 }),
  'https:': new SecureAgent({ keepAlive: true, maxSockets: 8 }),
} as const

/** Sends a request and gives the answer once its head is there; the body is to be read or destroyed. */
export function openRequest(url: URL, options: HttpOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:'
    const sent = (secure ? httpsRequest : httpRequest)(url, {
      method: options.method ?? 'GET',
      agent: secure ? agents['https:'] : agents['http:'],
      headers: {
        'user-agent': 'holotype-agent',
        ...(options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }),
        ...options.headers,
      },
      timeout: options.idleMs,
      ...(options.signal ? { signal: options.signal } : {}),
    })
    const within = (limit: number | undefined) =>
      limit === undefined ? undefined : setTimeout(() => sent.destroy(new Error(`no answer within ${limit} ms`)), limit)
    const [total, head] = [within(options.totalMs), within(options.answerMs)]
    sent.on('timeout', () => sent.destroy(new Error(`silent for ${options.idleMs} ms`)))
    sent.on('close', () => {
      clearTimeout(total)
      clearTimeout(head)
    })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      clearTimeout(head)
      resolve(answer)
    })
    sent.end(options.body)
  })
}

/**
 * Reads a body to its end, or one byte past `maxBytes`: whoever asked sees by the length that it is too long. Throws when the body is
 * shorter than its length header says.
 */
export async function readBody(answer: IncomingMessage, maxBytes: number, pace?: Pace): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of bodyChunks(answer, pace)) {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes + 1)
}

/** The body's chunks; throws when it ends before its length, or comes too slowly. */
export async function* bodyChunks(answer: IncomingMessage, pace?: Pace): AsyncGenerator<Buffer> {
  const watched = pace && watch(answer, pace)
  try {
    for await (const chunk of answer) {
      if (!Buffer.isBuffer(chunk)) continue
      watched?.came(chunk.length)
      pass('fetched', chunk.length)
      yield chunk
      watched?.wait()
    }
    if (!answer.complete) throw new Error('the answer ended early')
  } catch (error) {
    throw watched?.slow() ?? error
  } finally {
    watched?.end()
  }
}

/**
 * Measures a body and ends it when it comes too slowly: then the time that whoever reads it takes with its bytes does not count. It counts in what
 * is measured, as without it a body that waits in a buffer would seem to come at any speed.
 */
function watch(answer: IncomingMessage, { overMs, least, measured }: Pace) {
  const began = awake()
  let since: number | undefined = began
  let before = 0
  let bytes = 0
  let from = { waited: 0, bytes: 0 }
  let slow: Error | undefined
  const waited = () => before + (since === undefined ? 0 : awake() - since)
  const timer = setInterval(() => {
    const milliseconds = waited() - from.waited
    if (milliseconds < overMs) return
    const rate = ((bytes - from.bytes) * 1000) / milliseconds
    from = { waited: waited(), bytes }
    if (rate >= least()) return
    slow = new Slow(`slow: ${Math.round(rate)} bytes a second`)
    answer.destroy(slow)
  }, overMs / 4)
  return {
    came(length: number) {
      bytes += length
      before = waited()
      since = undefined
    },
    wait() {
      since = awake()
    },
    slow: () => slow,
    end() {
      clearInterval(timer)
      measured(bytes, awake() - began)
    },
  }
}

/** A body came more slowly than its pace asks for. */
export class Slow extends Error {}

/** Lets the connection be used again without reading a body that nobody wants. */
export function discard(answer: IncomingMessage): void {
  const length = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (length <= 16_384) answer.resume()
  else answer.destroy()
}
