import type { Digest } from '@holotype/base'
import { fail } from './errors.ts'

/** What an enrolment token says: the one-time secret for the server, and which root file of the site the node begins with. */
export interface EnrolmentToken {
  readonly secret: string
  /** The newest root file there was: an older one names keys that were revoked since. */
  readonly version: number
  /** SHA-256 of `/trust/VERSION.root.json`: pins who may sign, so that enrolling needs no trusted network. */
  readonly root: Digest
}

const TOKEN = /^ht1\.([A-Za-z0-9_-]{16,256})\.([1-9][0-9]{0,14})\.([0-9a-f]{64})$/

/** `ht1.SECRET.VERSION.HEX`, the token as people paste it. The secret has letters, digits, `-` and `_`, 16 to 256 of them. */
export function formatEnrolmentToken(token: EnrolmentToken): string {
  const text = `ht1.${token.secret}.${token.version}.${token.root.slice(7)}`
  parseEnrolmentToken(text)
  return text
}

/** @throws AGENT_TOKEN_MALFORMED, without the token in the message: it is a secret */
export function parseEnrolmentToken(text: string): EnrolmentToken {
  const [, secret, version, hex] = TOKEN.exec(text.trim()) ?? []
  if (secret === undefined || version === undefined || hex === undefined)
    throw fail('AGENT_TOKEN_MALFORMED', {
      what: 'the enrolment token is not of the form ht1.SECRET.ROOT-VERSION.ROOT-DIGEST',
    })
  return { secret, version: Number(version), root: `sha256:${hex}` }
}
