import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { keyOf } from '../key-id.ts'
import type { Keyring, KeyringOptions, PublicKey, Signature } from '../keyring.ts'
import { type RoleName, TOP_ROLES } from '../roles.ts'
import { verifyDetached } from '../verify/detached.ts'
import { checkKeyDirectory, makeKeyDirectory, readKeyFile, replaceKeyFile, writeKeyFile } from './key-file.ts'
import { minisignKey } from './minisign.ts'
import { createRepositoryKey, openRepositoryKey, type RepositoryKey } from './repository-key.ts'
import { rsaKey, rsaPublicKey, signFileRsa } from './rsa-key.ts'

/** Makes a keyring with the keys of the top roles and of the repositories: see signer.ts. */
export async function createKeyring(directory: string, options: KeyringOptions): Promise<Keyring> {
  makeKeyDirectory(directory)
  const keyring = keyringOf(directory)
  for (const role of TOP_ROLES) keyring.createKey(role)
  const repository = repositoryFile(directory)
  if (!existsSync(repository)) writeKeyFile(repository, await createRepositoryKey(options))
  if (!existsSync(exportsFile(directory))) writeKeyFile(exportsFile(directory), newPrivate())
  return keyring
}

/** Opens a keyring: see signer.ts. */
export function openKeyring(directory: string): Keyring {
  checkKeyDirectory(directory)
  return keyringOf(directory)
}

function keyringOf(directory: string): Keyring {
  // `next-` cannot begin a role's name, so a channel's name cannot make the two meet.
  const currentFile = (role: RoleName) => join(directory, `${role}.pem`)
  const nextFile = (role: RoleName) => join(directory, `next-${role}.pem`)
  const publicOf = (path: string) => publicKeyOf(readPrivate(path))
  const nextKey = (role: RoleName) => (existsSync(nextFile(role)) ? publicOf(nextFile(role)) : undefined)
  let repositoryKey: Promise<RepositoryKey> | undefined
  // Opened once: reading it costs more than a signature.
  const key = () => (repositoryKey ??= openRepositoryKey(readKeyFile(repositoryFile(directory))))
  return {
    directory,
    has: (role) => existsSync(currentFile(role)),
    createKey(role) {
      if (!existsSync(currentFile(role))) writeKeyFile(currentFile(role), newPrivate())
    },
    publicKey: (role) => publicOf(currentFile(role)),
    nextKey,
    sign(role, bytes) {
      const files = existsSync(nextFile(role)) ? [currentFile(role), nextFile(role)] : [currentFile(role)]
      return files.map((file) => signatureOf(readPrivate(file), bytes))
    },
    startRotation(role) {
      if (!existsSync(currentFile(role))) throw fail('KEY_MISSING', { what: `the keyring has no key for ${role}` })
      if (!existsSync(nextFile(role))) writeKeyFile(nextFile(role), newPrivate())
      return publicOf(nextFile(role))
    },
    endRotation(role) {
      if (existsSync(nextFile(role))) replaceKeyFile(nextFile(role), currentFile(role))
    },
    repositorySigner: (now = () => new Date()) => {
      return {
        clearSign: async (text) => (await key()).clearSign(text, now()),
        detachSign: async (bytes) => (await key()).detachSign(Buffer.from(bytes), now()),
        signBinary: async (bytes) => (await key()).signBinary(bytes, now()),
        signFile: async (path) => (await key()).signFile(path, now()),
        signFileRsa: async (path) => signFileRsa(rsaKey(directory), path),
        async isOwn(bytes, signature) {
          const keys = [(await key()).publicKey().armored]
          return verifyDetached(bytes, signature, keys, { now: now() }).then(
            () => true,
            () => false,
          )
        },
        rsaPublicKey: async () => ({ ...rsaPublicKey(rsaKey(directory)), signedBy: (await key()).publicKey().userId }),
      }
    },
    exportsKey: () => minisignKey(readPrivate(exportsFile(directory))),
    openPgpPublicKey: async () => (await key()).publicKey(),
  }
}

function repositoryFile(directory: string): string {
  return join(directory, 'repository.asc')
}

/** No role's name, nor a channel's, which begins with `channel-`. */
function exportsFile(directory: string): string {
  return join(directory, 'exports.pem')
}

/** A new Ed25519 key as PKCS #8 PEM, not encrypted: the file's mode is its lock, so that a signer can start unattended. */
function newPrivate(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function readPrivate(path: string): KeyObject {
  const text = readKeyFile(path)
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // The parser's message could quote the key.
  }
  throw fail('KEY_MALFORMED', { what: `${path} is no Ed25519 private key` })
}

function publicKeyOf(key: KeyObject): PublicKey {
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return keyOf(Buffer.from(x ?? '', 'base64url').toString('hex'))
}

function signatureOf(key: KeyObject, bytes: Uint8Array): Signature {
  return { keyid: publicKeyOf(key).keyId, sig: sign(null, bytes, key).toString('hex') }
}
