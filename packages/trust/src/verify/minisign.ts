import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { fail } from '../errors.ts'

/*
 * Signatures of files as minisign makes and checks them (minisign 0.11, "Signature format"): Ed25519 over the file's BLAKE2b-512, and over
 * that signature and a comment, which is so trusted too.
 */

/** The algorithm words: of a key, and of a signature over a digest. */
export const MINISIGN_KEY = Buffer.from('Ed')
export const MINISIGN_PREHASHED = Buffer.from('ED')
export const UNTRUSTED_COMMENT = 'untrusted comment: '
export const TRUSTED_COMMENT = 'trusted comment: '

/** The BLAKE2b-512 and the SHA-256 of a file, read once. */
export async function fileDigests(path: string): Promise<{ readonly blake2b: Buffer; readonly sha256: string }> {
  const blake2b = createHash('blake2b512')
  const sha256 = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    blake2b.update(chunk)
    sha256.update(chunk)
  }
  return { blake2b: blake2b.digest(), sha256: sha256.digest('hex') }
}

/**
 * Checks the text of a .minisig over a file's BLAKE2b-512 against the text of a `minisign.pub`; the trusted comment.
 * @throws SIGNATURE_INVALID, SIGNATURE_UNKNOWN_KEY
 */
export function verifyMinisign(digest: Buffer, signatureText: string, publicKeyText: string): string {
  const [, keyLine = ''] = publicKeyText.split('\n')
  const [first = '', line = '', comment = '', globalLine = '', ...rest] = signatureText.split('\n')
  const [key, signed, global] = [keyLine, line, globalLine].map((text) => Buffer.from(text, 'base64'))
  if (!key || key.length !== 42 || !key.subarray(0, 2).equals(MINISIGN_KEY))
    throw invalid('the public key is not one of minisign')
  if (!first.startsWith(UNTRUSTED_COMMENT) || !comment.startsWith(TRUSTED_COMMENT) || rest.join('') !== '')
    throw invalid('it has not the four lines')
  if (!signed || signed.length !== 74 || !signed.subarray(0, 2).equals(MINISIGN_PREHASHED) || global?.length !== 64)
    throw invalid('it is not the signature of a digest')
  if (!signed.subarray(2, 10).equals(key.subarray(2, 10)))
    throw fail('SIGNATURE_UNKNOWN_KEY', { what: 'a minisign signature is from another key' })
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: key.subarray(10).toString('base64url') },
    format: 'jwk',
  })
  const signature = signed.subarray(10)
  const trusted = comment.slice(TRUSTED_COMMENT.length)
  if (!verify(null, digest, publicKey, signature)) throw invalid('the file is not what was signed')
  if (!verify(null, Buffer.concat([signature, Buffer.from(trusted)]), publicKey, global))
    throw invalid('its comment is not what was signed')
  return trusted
}

function invalid(why: string): Error {
  return fail('SIGNATURE_INVALID', { what: `a minisign signature does not hold: ${why}` })
}
