import { createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RepositorySigner } from '../repository-writer.ts'

type RsaPart = Pick<RepositorySigner, 'signFileRsa' | 'rsaPublicKey'>

/** The RSA part of a signer with a throw-away key, made at first use. */
export function rsaSigner(signedBy: string): RsaPart {
  let pair: ReturnType<typeof makePair> | undefined
  const key = () => (pair ??= makePair())
  return {
    signFileRsa: async (path) => createSign('sha256').update(readFileSync(path)).sign(key().privateKey),
    rsaPublicKey: async () => ({
      pem: key().publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      bits: 2048,
      signedBy,
    }),
  }
}

function makePair() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

const SIGNATURE = '-----BEGIN PGP SIGNATURE-----\n\nnone\n-----END PGP SIGNATURE-----\n'

/** A signer whose OpenPGP signatures say nothing (its RSA ones are real): for what does not look at them. */
export const noSigner: RepositorySigner = {
  clearSign: async (text) => `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${text}${SIGNATURE}`,
  detachSign: async () => SIGNATURE,
  signBinary: async () => Buffer.from('no signature'),
  signFile: async () => Buffer.from('no signature'),
  ...rsaSigner('Nobody <nobody@example.org>'),
}

/** The text that {@link noSigner} was given to clear-sign. */
export function clearText(message: string): string {
  return message.slice(message.indexOf('\n\n') + 2, message.indexOf('-----BEGIN PGP SIGNATURE-----'))
}
