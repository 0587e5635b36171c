import { cleanText, HolotypeError } from '@holotype/base'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { Problem } from '../api.ts'
import { type ErrorCode, fail } from '../errors.ts'

/** The HTTP status of a kind of failure (RFC 9110 §15), and of the codes that have a better one. */
const STATUS_OF_KIND = {
  usage: 400,
  input: 400,
  conflict: 409,
  trust: 401,
  refused: 409,
  unreachable: 503,
  resource: 503,
  corrupt: 500,
  internal: 500,
} as const satisfies Record<HolotypeError['kind'], number>

const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  NODE_UNKNOWN: 404,
  IMAGE_UNKNOWN: 404,
  DIFF_UNKNOWN: 404,
  ROLLOUT_UNKNOWN: 404,
  BODY_TOO_LARGE: 413,
  HOST_REFUSED: 403,
  TOKEN_REFUSED: 403,
}

/** What the login schemes ask for when they refuse (RFC 9110 §11.6.1). */
const CHALLENGE: Partial<Record<ErrorCode, string>> = {
  LOGIN_REQUIRED: 'Bearer',
  NODE_SIGNATURE: 'Holotype-Node',
  NODE_CLOCK: 'Holotype-Node',
}

/** Answers with an error as RFC 9457 `application/problem+json`. What we did not foresee is logged and not told. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { failure, status } = judge(error)
  if (status >= 500) request.log.error({ err: error, code: failure.code }, 'request failed')
  else request.log.info({ code: failure.code, what: failure.message }, 'request refused')
  const problem: Problem = {
    type: `urn:holotype:problem:${failure.code}`,
    title: titleOf(failure.code),
    status,
    detail: failure.message,
    code: failure.code,
    hint: failure.hint,
    request: request.id,
  }
  const challenge = isOurs(failure.code) ? CHALLENGE[failure.code] : undefined
  if (challenge !== undefined) reply.header('www-authenticate', challenge)
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem))
}

function judge(error: unknown): { readonly failure: HolotypeError; readonly status: number } {
  if (error instanceof HolotypeError) {
    const status = isOurs(error.code) ? STATUS_OF_CODE[error.code] : undefined
    return { failure: error, status: status ?? STATUS_OF_KIND[error.kind] }
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues = error.validation.map(({ instancePath, message }) => `${instancePath || '/'}: ${message}`)
    const part = error.validationContext ?? 'request'
    return refused('REQUEST_INVALID', cleanText(`the ${part} is malformed: ${issues.slice(0, 5).join('; ')}`), 400)
  }
  const code = codeOf(error)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return refused('BODY_TOO_LARGE', 'the body is over its limit', 413)
  // Text that PostgreSQL cannot hold: NUL, half of a surrogate pair.
  if (code === '22P05' || code === '22021' || code === '22P02')
    return refused('REQUEST_INVALID', 'the request holds characters that are no text', 400)
  if (code !== undefined && /^(08...|57P0.|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/.test(code))
    return refused('DATABASE_UNREACHABLE', 'the database does not answer', 503)
  const status = statusOf(error)
  if (status !== undefined && status >= 400 && status < 500) {
    const detail = error instanceof Error ? error.message : 'the request is malformed'
    return refused(status === 404 ? 'NOT_FOUND' : 'REQUEST_INVALID', detail, status)
  }
  return refused('INTERNAL', 'the server met an error of its own', 500)
}

function refused(code: ErrorCode, what: string, status: number) {
  return { failure: fail(code, { what }), status }
}

function titleOf(code: string): string {
  return isOurs(code) ? fail.table[code].when : 'the request failed'
}

function isOurs(code: string): code is ErrorCode {
  return Object.hasOwn(fail.table, code)
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}
