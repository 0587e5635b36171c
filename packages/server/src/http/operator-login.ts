import { hash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { fail } from '../errors.ts'
import { OPERATOR_TOKEN_CHARACTERS } from '../limits.ts'

/** The two doors of the API: writes always need the operator's token, reads need it unless we listen on loopback alone. */
export interface OperatorLogin {
  /** @throws LOGIN_REQUIRED */
  readonly write: (request: FastifyRequest) => Promise<void>
  /** @throws LOGIN_REQUIRED, HOST_REFUSED */
  readonly read: (request: FastifyRequest) => Promise<void>
}

/** @throws OPERATOR_TOKEN_WEAK: there is no default token */
export function operatorLogin(token: string, host: string): OperatorLogin {
  if (token.length < OPERATOR_TOKEN_CHARACTERS)
    throw fail('OPERATOR_TOKEN_WEAK', {
      what: `the operator's token has ${token.length} characters, fewer than ${OPERATOR_TOKEN_CHARACTERS}`,
    })
  const expected = hash('sha256', token, 'buffer')
  // Hashes have one length, so that comparing takes the same time whatever was sent.
  const holds = (request: FastifyRequest) => {
    const sent = /^bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    return sent !== undefined && timingSafeEqual(hash('sha256', sent, 'buffer'), expected)
  }
  const refuse = () => fail('LOGIN_REQUIRED', { what: 'this request needs the operator’s token' })
  const open = isLoopback(host)
  return {
    write: async (request) => {
      if (!holds(request)) throw refuse()
    },
    read: async (request) => {
      if (holds(request)) return
      if (!open || request.headers.authorization !== undefined) throw refuse()
      // A web page elsewhere may point its own name at 127.0.0.1 and have a browser here read for it (DNS rebinding).
      if (!isLoopback(nameOf(request.headers.host)))
        throw fail('HOST_REFUSED', { what: 'a read without a token must name this machine’s loopback address' })
    },
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
