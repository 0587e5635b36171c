import type { KeyObject } from 'node:crypto'
import { cleanText } from '@holotype/base'
import { nodeAuthorization } from '../auth.ts'
import { fail } from '../errors.ts'
import { messageOf } from '../explain.ts'
import { isFields } from '../json.ts'
import { SERVER_ANSWER_BYTES, SERVER_TIMEOUT_MS } from '../limits.ts'
import { openRequest, readBody } from '../site/http.ts'

/** Sends JSON to the server's API, signed by the node's key, and gives the parsed answer. */
export type ServerClient = (method: 'POST' | 'PUT', path: string, body: string) => Promise<unknown>

export function openServer(options: {
  readonly server: string
  readonly node: string
  readonly key: KeyObject
  readonly now: () => number
}): ServerClient {
  return (method, path, body) => {
    const url = apiUrl(options.server, path)
    const time = Math.floor(options.now() / 1000)
    const authorization = nodeAuthorization(
      { method, path: url.pathname, body },
      { node: options.node, key: options.key, time },
    )
    return send(url, { method, body, authorization })
  }
}

/** The address of an API path (`/api/v1/checkin`) on a server that may live below a path of its own. */
export function apiUrl(server: string, path: string): URL {
  return new URL(`${server.replace(/\/+$/, '')}${path}`)
}

/** @throws AGENT_SERVER_UNREACHABLE, AGENT_SERVER_REFUSED (`data.status`) */
export async function send(
  url: URL,
  request: { readonly method: 'POST' | 'PUT'; readonly body: string; readonly authorization?: string },
): Promise<unknown> {
  let status: number
  let text: string
  try {
    const answer = await openRequest(url, {
      method: request.method,
      body: request.body,
      idleMs: SERVER_TIMEOUT_MS,
      totalMs: SERVER_TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
      },
    })
    status = answer.statusCode ?? 0
    text = (await readBody(answer, SERVER_ANSWER_BYTES)).toString()
  } catch (error) {
    throw fail('AGENT_SERVER_UNREACHABLE', { what: `${url.host}: ${messageOf(error)}`, cause: error })
  }
  const value = parse(text)
  if (status >= 200 && status < 300) return value
  // RFC 9457 problem details, if the server could say more than a number.
  const problem = isFields(value) ? value : {}
  const detail = typeof problem.detail === 'string' ? problem.detail : `answered ${status}`
  const what = cleanText(`${url.pathname}: ${detail}`).slice(0, 1000)
  // A proxy's 502 to 504 and 429 pass; they say nothing of the request.
  if (status >= 500 || status === 429) throw fail('AGENT_SERVER_UNREACHABLE', { what, data: { status } })
  throw fail('AGENT_SERVER_REFUSED', {
    what,
    data: { status },
    ...(typeof problem.hint === 'string' ? { hint: problem.hint } : {}),
  })
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
