import { hash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { fail } from '../errors.ts'
import { OPERATOR_TOKEN_CHARACTERS } from '../limits.ts'

/**
 * The doors of the API: writes need the operator's token, a review that or a person's own, reads one of them unless we listen on loopback
 * alone.
 */
export interface Logins {
  /** @throws LOGIN_REQUIRED */
  readonly write: (request: FastifyRequest) => Promise<void>
  /** @throws LOGIN_REQUIRED */
  readonly review: (request: FastifyRequest) => Promise<void>
  /** @throws LOGIN_REQUIRED, HOST_REFUSED */
  readonly read: (request: FastifyRequest) => Promise<void>
  /** Whose own token came with a request that went through `review`; undefined: the operator's. */
  readonly reviewer: (request: FastifyRequest) => string | undefined
}

export interface LoginOptions {
  /** The operator's. */
  readonly token: string
  /** The address that is listened on. */
  readonly host: string
  /** Whose token this is. */
  readonly reviewerOf: (token: string) => Promise<string | undefined>
}

/** @throws OPERATOR_TOKEN_WEAK: there is no default token */
export function requireStrongToken(token: string): void {
  if (token.length < OPERATOR_TOKEN_CHARACTERS)
    throw fail('OPERATOR_TOKEN_WEAK', {
      what: `the operator's token has ${token.length} characters, fewer than ${OPERATOR_TOKEN_CHARACTERS}`,
    })
}

/** @throws OPERATOR_TOKEN_WEAK */
export function logins({ token, host, reviewerOf }: LoginOptions): Logins {
  requireStrongToken(token)
  const expected = hash('sha256', token, 'buffer')
  const reviewers = new WeakMap<FastifyRequest, string>()
  const tokenOf = (request: FastifyRequest) =>
    /^bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
  // Hashes have one length, so that comparing takes the same time whatever was sent.
  const isOperator = (sent: string | undefined) =>
    sent !== undefined && timingSafeEqual(hash('sha256', sent, 'buffer'), expected)
  const refuse = (whose: string) => fail('LOGIN_REQUIRED', { what: `this request needs ${whose} token` })
  const isReviewer = async (request: FastifyRequest, sent: string | undefined) => {
    const reviewer = sent === undefined ? undefined : await reviewerOf(sent)
    if (reviewer === undefined) return false
    reviewers.set(request, reviewer)
    return true
  }
  const open = isLoopback(host)
  return {
    write: async (request) => {
      if (!isOperator(tokenOf(request))) throw refuse('the operator’s')
    },
    review: async (request) => {
      const sent = tokenOf(request)
      if (!isOperator(sent) && !(await isReviewer(request, sent))) throw refuse('the operator’s or a reviewer’s')
    },
    read: async (request) => {
      const sent = tokenOf(request)
      if (isOperator(sent) || (await isReviewer(request, sent))) return
      if (!open || request.headers.authorization !== undefined) throw refuse('the operator’s or a reviewer’s')
      // A web page elsewhere may point its own name at 127.0.0.1 and have a browser here read for it (DNS rebinding).
      if (!isLoopback(nameOf(request.headers.host)))
        throw fail('HOST_REFUSED', { what: 'a read without a token must name this machine’s loopback address' })
    },
    reviewer: (request) => reviewers.get(request),
  }
}

/** True for names and addresses that stay on this machine: localhost, 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

function nameOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '')
}
