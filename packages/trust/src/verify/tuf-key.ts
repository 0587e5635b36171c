import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { MAX_RSA_BITS, MIN_RSA_BITS, PUBLIC_KEY_LENGTH } from '../limits.ts'
import type { TufKey } from '../keyring.ts'
import { fields, hex, text } from './shape.ts'

/** A SubjectPublicKeyInfo of Ed25519 up to the key's 32 bytes (RFC 8410 §4). */
const ED25519_SPKI = '302a300506032b6570032100'

/** A node:crypto key of 64 hex digits. */
export function ed25519Key(publicHex: string): KeyObject {
  return createPublicKey({ key: Buffer.from(ED25519_SPKI + publicHex, 'hex'), format: 'der', type: 'spki' })
}

/** A key of the metadata (TUF 1.0 §4.2.2); undefined where it is of a kind we cannot verify. Whether it is a sound key shows when it is used. */
export function parseTufKey(value: unknown, at: string): TufKey | undefined {
  const of = fields(value, at)
  const { keytype, scheme } = of
  const publicText = () => fields(of['keyval'], `${at}.keyval`)['public']
  const pem = () => ({ public: text(publicText(), `${at}.public`, PUBLIC_KEY_LENGTH) })
  if (keytype === 'ed25519' && scheme === 'ed25519')
    return { keytype, scheme, keyval: { public: hex(publicText(), `${at}.public`, 64) } }
  if (keytype === 'rsa' && scheme === 'rsassa-pss-sha256') return { keytype, scheme, keyval: pem() }
  // The second name is the one that older versions of the specification gave to the type.
  if ((keytype === 'ecdsa' || keytype === 'ecdsa-sha2-nistp256') && scheme === 'ecdsa-sha2-nistp256')
    return { keytype, scheme, keyval: pem() }
  return undefined
}

/**
 * The key as node:crypto takes it, and a text that is the same for the same key however it is written; undefined if it is no sound key of its kind:
 * a point off the curve, another curve, an RSA modulus that is too short to trust or too long to compute with.
 */
export function openTufKey({
  keytype,
  keyval,
}: TufKey): { readonly key: KeyObject; readonly same: string } | undefined {
  try {
    if (keytype === 'ed25519') return { key: ed25519Key(keyval.public), same: keyval.public }
    // Not what holds more than a public key.
    if (!keyval.public.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) return undefined
    const key = createPublicKey(keyval.public)
    const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
    const sound =
      keytype === 'rsa'
        ? key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS
        : key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1'
    return sound ? { key, same: key.export({ format: 'der', type: 'spki' }).toString('hex') } : undefined
  } catch {
    return undefined
  }
}

/** Whether `sig` (hex digits) is a key's signature of the bytes. RSASSA-PSS: SHA-256, MGF1 with SHA-256, a salt of any length; ECDSA: DER. */
export function isSignedBy({ keytype }: TufKey, key: KeyObject, bytes: Uint8Array, sig: string): boolean {
  if (!/^(?:[0-9a-f]{2})+$/.test(sig)) return false
  const signature = Buffer.from(sig, 'hex')
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants
  try {
    if (keytype === 'ed25519') return verify(null, bytes, key, signature)
    return verify('sha256', bytes, keytype === 'rsa' ? { key, padding, saltLength } : key, signature)
  } catch {
    return false // not the form that a signature of this kind has
  }
}
