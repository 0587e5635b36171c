import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto'
import { fail } from '../errors.ts'
import type { MinisignKey } from '../keyring.ts'
import { SIGNATURE_COMMENT_LENGTH } from '../limits.ts'
import { MINISIGN_KEY, MINISIGN_PREHASHED, TRUSTED_COMMENT, UNTRUSTED_COMMENT } from '../verify/minisign.ts'

/*
 * Signatures of files as minisign makes and checks them (minisign 0.11, "Signature format"): Ed25519 over the file's BLAKE2b-512, and over
 * that signature and a comment, which is so trusted too.
 */

/** @throws KEY_MALFORMED */
export function minisignKey(key: KeyObject): MinisignKey {
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const raw = Buffer.from(x ?? '', 'base64url')
  // The tool draws the number at random; it only has to tell keys apart.
  const number = hash('sha256', raw, 'buffer').subarray(0, 8)
  return {
    publicKey: () =>
      `${UNTRUSTED_COMMENT}minisign public key ${shownNumber(number)}\n${Buffer.concat([MINISIGN_KEY, number, raw]).toString('base64')}\n`,
    signDigest(digest, comment) {
      if (/[^ -~]/.test(comment) || comment.length > SIGNATURE_COMMENT_LENGTH)
        throw fail('KEY_MALFORMED', { what: `${JSON.stringify(comment.slice(0, 80))} is no line of ASCII to sign` })
      const signature = sign(null, digest, key)
      const global = sign(null, Buffer.concat([signature, Buffer.from(comment)]), key)
      return [
        `${UNTRUSTED_COMMENT}signature from minisign secret key ${shownNumber(number)}`,
        Buffer.concat([MINISIGN_PREHASHED, number, signature]).toString('base64'),
        `${TRUSTED_COMMENT}${comment}`,
        global.toString('base64'),
        '',
      ].join('\n')
    },
  }
}

/** As minisign shows it: a little-endian number. */
function shownNumber(number: Buffer): string {
  return Buffer.from(number).reverse().toString('hex').toUpperCase()
}
