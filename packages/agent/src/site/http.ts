import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as SecureAgent, request as httpsRequest } from 'node:https'

/*
 * A thin request on node:http: the built-in fetch costs a fast start and memory that this program saves.
 * Redirects are not followed: a mirror that moved is a mirror to configure anew.
 */

export interface HttpOptions {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Milliseconds the connection may stay silent, before the answer and within it. */
  readonly idleMs: number
  /** Milliseconds from the first byte sent to the last received; default: no limit but silence. */
  readonly totalMs?: number
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
    })
    const total = options.totalMs
    const timer =
      total === undefined ? undefined : setTimeout(() => sent.destroy(new Error(`no answer within ${total} ms`)), total)
    sent.on('timeout', () => sent.destroy(new Error(`silent for ${options.idleMs} ms`)))
    sent.on('close', () => clearTimeout(timer))
    sent.on('error', reject)
    sent.on('response', resolve)
    sent.end(options.body)
  })
}

/**
 * Reads a body to its end, or one byte past `maxBytes`: whoever asked sees by the length that it is too long. Throws when the body is
 * shorter than its length header says.
 */
export async function readBody(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of bodyChunks(answer)) {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes + 1)
}

/** The body's chunks; throws when it ends before its length. */
export async function* bodyChunks(answer: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of answer) if (Buffer.isBuffer(chunk)) yield chunk
  if (!answer.complete) throw new Error('the answer ended early')
}

/** Lets the connection be used again without reading a body that nobody wants. */
export function discard(answer: IncomingMessage): void {
  const length = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (length <= 16_384) answer.resume()
  else answer.destroy()
}
