import type { Digest } from '@holotype/base'
import { fail } from './errors.ts'

/** What an enrolment token says: the one-time secret for the server, and the digest of the site's first root metadata. */
export interface EnrolmentToken {
  readonly secret: string
  /** SHA-256 of `/trust/1.root.json`: pins who may sign, so that enrolling needs no trusted network. */
  readonly root: Digest
}

const TOKEN = /^ht1\.([A-Za-z0-9_-]{16,256})\.([0-9a-f]{64})$/

/** `ht1.SECRET.HEX`, the token as people paste it. The secret has letters, digits, `-` and `_`, 16 to 256 of them. */
export function formatEnrolmentToken(token: EnrolmentToken): string {
  const text = `ht1.${token.secret}.${token.root.slice(7)}`
  parseEnrolmentToken(text)
  return text
}

/** @throws AGENT_TOKEN_MALFORMED, without the token in the message: it is a secret */
export function parseEnrolmentToken(text: string): EnrolmentToken {
  const [, secret, hex] = TOKEN.exec(text.trim()) ?? []
  if (secret === undefined || hex === undefined)
    throw fail('AGENT_TOKEN_MALFORMED', { what: 'the enrolment token is not of the form ht1.SECRET.ROOT-DIGEST' })
  return { secret, root: `sha256:${hex}` }
}
