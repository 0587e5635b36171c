import { HolotypeError, type ErrorKind, errnoOf } from '@holotype/base'
import type { z } from 'zod'
import { fail } from './errors.ts'
import { API_ANSWER_BYTES, API_TIMEOUT_MS } from './limits.ts'

/** Talks to the server's HTTP API (`/api/v1`). Answers are checked by the API's own schemas. */
export interface ApiClient {
  /** `http://127.0.0.1:8440`, without a slash at the end. */
  readonly address: string
  /** @throws SERVER_UNREACHABLE, SERVER_ANSWER, and the code that the server's problem document carries */
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>
  /** Sends a body with the operator's token. @throws as `get`, and TOKEN_MISSING, TOKEN_EXPOSED */
  post<Schema extends z.ZodType>(path: string, body: unknown, schema: Schema): Promise<z.output<Schema>>
}

export interface ApiClientOptions {
  readonly address: string
  /** The operator's token, read when it is first needed. */
  readonly token: () => string | undefined
  readonly signal?: AbortSignal
}

/** @throws SERVER_ADDRESS */
export function openApiClient(options: ApiClientOptions): ApiClient {
  const base = parseAddress(options.address)
  const address = base.href.replace(/\/+$/, '')
  const call = async <Schema extends z.ZodType>(path: string, schema: Schema, init: RequestInit) => {
    const url = `${address}/api/v1/${path}`
    const answer = await request(url, init, options.signal)
    const parsed = schema.safeParse(parseJson(url, answer))
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    throw fail('SERVER_ANSWER', {
      what: `${url} answered in another form than expected: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    })
  }
  return {
    address,
    get: (path, schema) =>
      call(path, schema, { headers: { accept: 'application/json', ...optionalLogin(base, options) } }),
    post: (path, body, schema) =>
      call(path, schema, {
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json', ...login(base, options) },
        body: JSON.stringify(body),
      }),
  }
}

function parseAddress(address: string): URL {
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
    throw fail('SERVER_ADDRESS', { what: `"${address}" is no address of a server` })
  return url
}

function login(base: URL, options: ApiClientOptions): { readonly authorization: string } {
  const token = options.token()
  if (token === undefined) throw fail('TOKEN_MISSING', { what: `there is no operator's token for ${base.origin}` })
  if (!isConfidential(base))
    throw fail('TOKEN_EXPOSED', { what: `the operator's token would go to ${base.origin} in clear` })
  return { authorization: `Bearer ${token}` }
}

/** Reads work without a token on a loopback address; the token is sent where there is one and it stays confidential. */
function optionalLogin(base: URL, options: ApiClientOptions): { readonly authorization?: string } {
  return isConfidential(base) && options.token() !== undefined ? login(base, options) : {}
}

function isConfidential(base: URL): boolean {
  return base.protocol === 'https:' || /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/.test(base.hostname)
}

async function request(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<string> {
  const limit = AbortSignal.timeout(API_TIMEOUT_MS)
  const bounded = signal ? AbortSignal.any([signal, limit]) : limit
  try {
    // A redirect could lead the token elsewhere.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: bounded })
    const text = await readBounded(url, response)
    if (response.status >= 300 && response.status < 400)
      throw fail('SERVER_ANSWER', { what: `${url} leads to another address, which is not followed` })
    if (!response.ok) throw problemOf(url, response.status, text)
    return text
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    if (signal?.aborted) throw fail('CLI_INTERRUPTED', { what: 'stopped while waiting for the server', cause: error })
    const why = limit.aborted ? `no answer within ${API_TIMEOUT_MS / 1000} s` : reasonOf(error)
    throw fail('SERVER_UNREACHABLE', { what: `${new URL(url).origin} does not answer: ${why}`, cause: error })
  }
}

/** `fetch` hides the reason in its error's cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return (
    errnoOf(cause) ?? (cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error))
  )
}

async function readBounded(url: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > API_ANSWER_BYTES)
      throw fail('SERVER_ANSWER', { what: `${url} answered with more than ${API_ANSWER_BYTES} bytes` })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseJson(url: string, text: string): unknown {
  try {
    // 204 No Content has none.
    return text === '' ? null : JSON.parse(text)
  } catch (error) {
    throw fail('SERVER_ANSWER', { what: `${url} did not answer in JSON`, cause: error })
  }
}

/** The error that a problem document (RFC 9457) stands for, under the code that it carries. */
function problemOf(url: string, status: number, text: string): HolotypeError {
  const body = plainMembers(text)
  if (body.code === undefined || body.detail === undefined)
    return fail('SERVER_ANSWER', { what: `${url} answered with status ${status}` })
  return new HolotypeError(
    body.code,
    { kind: kindOf(status), when: '', hint: body.hint ?? '' },
    { what: body.detail, data: { status, ...(body.request === undefined ? {} : { request: body.request }) } },
  )
}

/** The texts of a JSON object; nothing for what is none. */
function plainMembers(text: string): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  } catch {
    return {}
  }
}

/** The kind, and with it the exit code, of a failure that only its HTTP status tells. */
function kindOf(status: number): ErrorKind {
  if (status === 401 || status === 403) return 'trust'
  if (status === 409 || status === 412) return 'conflict'
  if (status === 429 || status === 507) return 'resource'
  if (status === 502 || status === 503 || status === 504) return 'unreachable'
  return status >= 500 ? 'internal' : 'input'
}
