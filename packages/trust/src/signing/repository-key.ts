import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { OpenPgpPublicKey, KeyringOptions } from '../keyring.ts'
import { fail } from '../errors.ts'

/*
 * The OpenPGP key that signs package repositories. openpgp is imported when it is first needed: it costs about 45 ms and 21 MiB.
 * Legacy EdDSA and RSA are the two kinds that gpgv 2.2 accepts; openpgp's default (the Ed25519 of RFC 9580) is not.
 */

export interface RepositoryKey {
  /** The InRelease form: text and signature in one. */
  clearSign(text: string, now: Date): Promise<string>
  /** The Release.gpg form: an armored signature over the bytes. */
  detachSign(bytes: Uint8Array, now: Date): Promise<string>
  /** The same as a packet without armor. */
  signBinary(bytes: Uint8Array, now: Date): Promise<Uint8Array>
  /** The same over a file, which is streamed. */
  signFile(path: string, now: Date): Promise<Uint8Array>
  publicKey(): OpenPgpPublicKey
}

/** Makes a key that can sign and nothing else; armored, not encrypted. */
export async function createRepositoryKey(options: KeyringOptions): Promise<string> {
  const openpgp = await import('openpgp')
  const kind =
    options.repositoryKey === 'rsa'
      ? ({ type: 'rsa', rsaBits: 3072 } as const)
      : ({ type: 'ecc', curve: 'ed25519Legacy' } as const)
  const { privateKey } = await openpgp.generateKey({
    ...kind,
    userIDs: [userOf(options.repositoryUser ?? 'Holotype repository')],
    subkeys: [],
    format: 'armored',
    date: options.now ?? new Date(),
  })
  return privateKey
}

/** `Acme Linux <release@acme.example>` → name and address. */
function userOf(user: string): { name: string; email?: string } {
  const [, name, email] = /^(.*?)\s*<([^<>]+)>$/.exec(user) ?? []
  return name === undefined || email === undefined ? { name: user } : { name, email }
}

/** @throws KEY_MALFORMED */
export async function openRepositoryKey(armored: string): Promise<RepositoryKey> {
  const openpgp = await import('openpgp')
  const signingKeys = await openpgp.readPrivateKey({ armoredKey: armored }).catch(() => {
    throw fail('KEY_MALFORMED', { what: 'the repository key is no OpenPGP private key' })
  })
  return {
    async clearSign(text, date) {
      // The line end before the signature belongs to the armor, not to the text (RFC 9580 §7.1): without this there would be an empty line.
      const message = await openpgp.createCleartextMessage({ text: text.replace(/\n$/, '') })
      // openpgp writes the body with CRLF; a Release file has LF, and apt and gpgv give the body on as it stands.
      return (await openpgp.sign({ message, signingKeys, date, format: 'armored' })).replaceAll('\r\n', '\n')
    },
    async detachSign(bytes, date) {
      const message = await openpgp.createMessage({ binary: bytes })
      return openpgp.sign({ message, signingKeys, date, detached: true, format: 'armored' })
    },
    async signBinary(bytes, date) {
      const message = await openpgp.createMessage({ binary: bytes })
      return openpgp.sign({ message, signingKeys, date, detached: true, format: 'binary' })
    },
    async signFile(path, date) {
      const message = await openpgp.createMessage({ binary: Readable.toWeb(createReadStream(path)) })
      const signature = await openpgp.sign({ message, signingKeys, date, detached: true, format: 'binary' })
      const chunks: Uint8Array[] = []
      for await (const chunk of signature) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    publicKey() {
      const key = signingKeys.toPublic()
      return {
        armored: key.armor(),
        binary: Buffer.from(key.write()),
        fingerprint: key.getFingerprint(),
        userId: key.getUserIDs()[0] ?? '',
      }
    },
  }
}
