import { REQUEST_TIMEOUT_MS } from '../limits.ts'
import { ApiFailure, problemOf, unreachable } from './problem.ts'

/**
 * Fetches a resource below `/api/v1`. The server that sends the body also made its type, from the schema it checks the body with, so
 * the shape is not checked a second time here; its strings are treated as hostile everywhere.
 *
 * @throws ApiFailure with the server's problem document, or CONSOLE_UNREACHABLE
 */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  let response: Response
  try {
    response = await fetch(`/api/v1/${path}`, {
      headers: { accept: 'application/json' },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    })
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw unreachable(limit.aborted ? `No answer within ${REQUEST_TIMEOUT_MS / 1000} s.` : 'The connection failed.')
  }
  const body = await response.json().catch(() => undefined)
  const request = response.headers.get('x-request-id') ?? ''
  if (!response.ok || body === undefined) {
    const problem = problemOf(response.status, body)
    throw new ApiFailure(problem.request === '' ? { ...problem, request } : problem)
  }
  return body
}
