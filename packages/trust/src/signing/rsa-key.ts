import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'

/*
 * xbps knows no OpenPGP: it signs with a plain RSA key. A distribution without xbps packages never has one, so it is made when it is first
 * used.
 */

/** Bits of a new key: what xbps-rindex(1) shows in its example. */
const BITS = 4096

/** @throws KEY_MALFORMED, KEY_PERMISSIONS */
export function rsaKey(directory: string): KeyObject {
  const path = join(directory, 'repository-rsa.pem')
  if (!existsSync(path))
    writeKeyFile(
      path,
      generateKeyPairSync('rsa', { modulusLength: BITS })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString(),
    )
  const text = readKeyFile(path)
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // The parser's message could quote the key.
  }
  throw fail('KEY_MALFORMED', { what: `${path} is no RSA private key` })
}

/** The public half as xbps keeps it beside an index: PEM, and its size in bits. */
export function rsaPublicKey(key: KeyObject): { readonly pem: string; readonly bits: number } {
  const half = createPublicKey(key)
  return {
    pem: half.export({ format: 'pem', type: 'spki' }).toString(),
    bits: half.asymmetricKeyDetails?.modulusLength ?? 0,
  }
}

/** RSASSA-PKCS1-v1_5 over the file's SHA-256 (RFC 8017 §8.2), the form of a `.sig2`. */
export async function signFileRsa(key: KeyObject, path: string): Promise<Uint8Array> {
  const signer = createSign('RSA-SHA256')
  for await (const chunk of createReadStream(path)) signer.update(chunk)
  return signer.sign(key)
}
