import { canonicalJson, digestOf, hexOf } from '@holotype/base'
import type { PublicKey, TufKey } from './keyring.ts'

/** The TUF key of an Ed25519 public key (64 hex digits), with its id: the SHA-256 of its canonical JSON (TUF 1.0 §4.2.2). */
export function keyOf(publicHex: string): PublicKey {
  const key: TufKey = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } }
  return { keyId: hexOf(digestOf(canonicalJson(key))), key }
}
