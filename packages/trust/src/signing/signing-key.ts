import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { run } from '@holotype/base'
import { fail } from '../errors.ts'
import { withKeyId } from '../key-id.ts'
import type { PublicKey, Signature, TufKey } from '../keyring.ts'
import { SIGNATURE_BYTES, SIGNER_TIMEOUT_MS } from '../limits.ts'
import { isSignedBy, openTufKey } from '../verify/tuf-key.ts'
import { checkProgram, readKeyFile } from './key-file.ts'

/** A key that can sign, wherever its private half is. */
export interface SigningKey {
  readonly publicKey: PublicKey
  /** @throws SIGNER_FAILED */
  sign(bytes: Uint8Array): Promise<Signature>
}

/** A new Ed25519 key as PKCS #8 PEM, not encrypted: the file's mode is its lock, so that a signer can start unattended. */
export function newPrivate(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** The key of a private file (PKCS #8 PEM): Ed25519, ECDSA on P-256 or RSA. @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
export function fileKey(path: string): SigningKey {
  const key = readPrivate(path)
  const publicKey = publicKeyOf(createPublicKey(key), path)
  return {
    publicKey,
    sign: async (bytes) => ({ keyid: publicKey.keyId, sig: signatureOf(key, bytes).toString('hex') }),
  }
}

/** @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
export function readPrivate(path: string): KeyObject {
  const text = readKeyFile(path)
  try {
    return createPrivateKey(text)
  } catch {
    // The parser's message could quote the key.
    throw fail('KEY_MALFORMED', { what: `${path} is no private key` })
  }
}

/** The signature that TUF asks for of a key's kind: RSASSA-PSS with a salt as long as the digest, ECDSA in DER. */
export function signatureOf(key: KeyObject, bytes: Uint8Array): Buffer {
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  if (key.asymmetricKeyType === 'ed25519') return sign(null, bytes, key)
  return sign('sha256', bytes, key.asymmetricKeyType === 'rsa' ? { key, padding, saltLength } : key)
}

/**
 * The key of a program: it is started with the key id as its one argument and the bytes to sign on its standard input, and writes the
 * signature, and nothing else, to its standard output: 64 bytes of Ed25519, DER of ECDSA with SHA-256, or RSASSA-PSS with SHA-256.
 * Nothing of our environment is passed on but a PATH. `publicFile`: PEM. What it gives is verified before it is used.
 * @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED
 */
export function programKey(program: string, publicFile: string): SigningKey {
  checkProgram(program)
  const publicKey = readPublicKey(publicFile)
  return {
    publicKey,
    async sign(bytes) {
      const { keyId, key } = publicKey
      const options = { input: bytes, timeoutMs: SIGNER_TIMEOUT_MS, maxOutputBytes: SIGNATURE_BYTES }
      const { stdout } = await run([program, keyId], options).catch((error: unknown) => {
        throw fail('SIGNER_FAILED', { what: `${program} gave no signature`, cause: error })
      })
      const sig = stdout.toString('hex')
      const opened = openTufKey(key)
      if (opened === undefined || !isSignedBy(key, opened.key, bytes, sig))
        throw fail('SIGNER_FAILED', { what: `what ${program} gave is no signature by the key ${keyId}` })
      return { keyid: keyId, sig }
    },
  }
}

/** A public key of a file (SubjectPublicKeyInfo PEM). @throws KEY_MISSING, KEY_MALFORMED */
export function readPublicKey(path: string): PublicKey {
  if (!existsSync(path)) throw fail('KEY_MISSING', { what: `there is no public key ${path}` })
  const text = readFileSync(path, 'utf8')
  if (!text.includes('-----BEGIN PUBLIC KEY-----'))
    throw fail('KEY_MALFORMED', {
      what: `${path} is no public key in PEM`,
      hint: 'name the public half: openssl pkey -in KEY -pubout, or the .pub file that `holotype admin keys new` wrote',
    })
  return publicKeyOf(createPublicKey(text), path)
}

/** A public key as `readPublicKey` reads it. */
export function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
}

function publicKeyOf(key: KeyObject, path: string): PublicKey {
  const tufKey = tufKeyOf(key)
  if (tufKey === undefined || openTufKey(tufKey) === undefined)
    throw fail('KEY_MALFORMED', {
      what: `${path} is no key of Ed25519, of ECDSA on P-256 or of RSA with 2048 to 8192 bits`,
    })
  return withKeyId(tufKey)
}

/** A public key as TUF metadata holds it; undefined if it is of no kind that can sign there. */
export function tufKeyOf(key: KeyObject): TufKey | undefined {
  if (key.asymmetricKeyType === 'ed25519') {
    const { x = '' } = key.export({ format: 'jwk' })
    return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: Buffer.from(x, 'base64url').toString('hex') } }
  }
  const keyval = { public: key.export({ format: 'pem', type: 'spki' }).toString() }
  if (key.asymmetricKeyType === 'rsa') return { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval }
  return key.asymmetricKeyType === 'ec' ? { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval } : undefined
}
