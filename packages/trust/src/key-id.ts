import { digestOf, hexOf } from '@holotype/base'
import type { PublicKey, TufKey } from './keyring.ts'
import { signedForm } from './verify/signed-form.ts'

/** A TUF key with its id: the SHA-256 of its canonical JSON (TUF 1.0 §4.2.2). */
export function withKeyId(key: TufKey): PublicKey {
  return { keyId: hexOf(digestOf(signedForm(key))), key }
}

/** The TUF key of an Ed25519 public key (64 hex digits), with its id. */
export function keyOf(publicHex: string): PublicKey {
  return withKeyId({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } })
}
