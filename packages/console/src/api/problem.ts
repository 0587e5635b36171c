import type { Problem } from '@holotype/server/api'

/** A request that failed, as the server's problem document has it (RFC 9457), or as the browser saw it. */
export class ApiFailure extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiFailure'
    this.problem = problem
  }
}

/** The server's own account of the failure where the body is one, else one made from the status. */
export function problemOf(status: number, body: unknown): Problem {
  const text = (name: string, otherwise: string): string => {
    if (typeof body !== 'object' || body === null || !(name in body)) return otherwise
    const value = Object.getOwnPropertyDescriptor(body, name)?.value
    return typeof value === 'string' && value !== '' ? value : otherwise
  }
  return {
    type: text('type', 'about:blank'),
    status,
    title: text('title', status === 404 ? 'Not found' : 'The server could not answer'),
    detail: text('detail', `The server answered with status ${status}.`),
    code: text('code', status === 404 ? 'CONSOLE_NOT_FOUND' : 'CONSOLE_BAD_ANSWER'),
    hint: text('hint', status >= 500 ? 'Look into the log of holotype serve.' : ''),
    request: text('request', ''),
  }
}

/** Any thrown thing as a problem a person can act on. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ApiFailure) return error.problem
  const fault = error instanceof Error ? error.message : String(error)
  return {
    type: 'about:blank',
    status: 0,
    title: 'The console failed',
    detail: fault,
    code: 'CONSOLE_FAULT',
    hint: 'Load the page again; if it stays, report it with this text.',
    request: '',
  }
}

/** The server did not answer at all. */
export function unreachable(reason: string): ApiFailure {
  return new ApiFailure({
    type: 'about:blank',
    status: 0,
    title: 'The server does not answer',
    detail: reason,
    code: 'CONSOLE_UNREACHABLE',
    hint: 'Nodes go on without it. Start it with holotype serve, or check the way to it.',
    request: '',
  })
}
