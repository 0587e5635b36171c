import type { KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import type { Keyring, KeyringOptions } from '../keyring.ts'
import { type RoleName, TOP_ROLES } from '../roles.ts'
import { verifyDetached } from '../verify/detached.ts'
import {
  checkKeyDirectory,
  makeKeyDirectory,
  readKeyFile,
  removeKeyFile,
  replaceKeyFile,
  writeKeyFile,
} from './key-file.ts'
import { minisignKey } from './minisign.ts'
import { createRepositoryKey, openRepositoryKey, type RepositoryKey } from './repository-key.ts'
import { rsaKey, rsaPublicKey, signFileRsa } from './rsa-key.ts'
import { fileKey, newPrivate, programKey, readPrivate, type SigningKey } from './signing-key.ts'

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
  const pathsOf = (name: string) => ({
    key: join(directory, `${name}.pem`),
    program: join(directory, `${name}.signer`),
    publicKey: join(directory, `${name}.pub`),
  })
  const isThere = (name: string) => existsSync(pathsOf(name).key) || existsSync(pathsOf(name).program)
  const open = (name: string): SigningKey => {
    const { key, program, publicKey } = pathsOf(name)
    return existsSync(program) ? programKey(program, publicKey) : ed25519Only(fileKey(key), key)
  }
  const nextName = (role: RoleName) => `next-${role}`
  let repositoryKey: Promise<RepositoryKey> | undefined
  // Opened once: reading it costs more than a signature.
  const key = () => (repositoryKey ??= openRepositoryKey(readKeyFile(repositoryFile(directory))))
  return {
    directory,
    has: isThere,
    createKey(role) {
      if (!isThere(role)) writeKeyFile(pathsOf(role).key, newPrivate())
    },
    publicKey: (role) => open(role).publicKey,
    nextKey: (role) => (isThere(nextName(role)) ? open(nextName(role)).publicKey : undefined),
    async sign(role, bytes) {
      const keys = [role, ...(isThere(nextName(role)) ? [nextName(role)] : [])].map(open)
      return Promise.all(keys.map((key) => key.sign(bytes)))
    },
    startRotation(role) {
      if (!isThere(role)) throw fail('KEY_MISSING', { what: `the keyring has no key for ${role}` })
      if (!isThere(nextName(role))) writeKeyFile(pathsOf(nextName(role)).key, newPrivate())
      return open(nextName(role)).publicKey
    },
    endRotation(role) {
      const [from, to] = [pathsOf(nextName(role)), pathsOf(role)]
      if (!isThere(nextName(role))) return
      // What opens a key first goes last, so that an end in between leaves a key of one piece.
      if (existsSync(from.program)) replaceKeyFile(from.publicKey, to.publicKey)
      else removeKeyFile(to.program)
      replaceKeyFile(existsSync(from.program) ? from.program : from.key, existsSync(from.program) ? to.program : to.key)
    },
    pinnedRoot: () => (existsSync(pinFile(directory)) ? readFileSync(pinFile(directory)) : undefined),
    pinRoot: (bytes) => writeFileAtomic(pinFile(directory), bytes, 0o600),
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
    exportsKey: () => minisignKey(ed25519Key(exportsFile(directory))),
    openPgpPublicKey: async () => (await key()).publicKey(),
  }
}

function repositoryFile(directory: string): string {
  return join(directory, 'repository.asc')
}

function pinFile(directory: string): string {
  return join(directory, 'root.json')
}

/** No role's name, nor a channel's, which begins with `channel-`. */
function exportsFile(directory: string): string {
  return join(directory, 'exports.pem')
}

function ed25519Key(path: string): KeyObject {
  const key = readPrivate(path)
  if (key.asymmetricKeyType !== 'ed25519') throw fail('KEY_MALFORMED', { what: `${path} is no Ed25519 private key` })
  return key
}

/** What agents verify fastest; other kinds are for keys that something else than a file holds. */
function ed25519Only(key: SigningKey, path: string): SigningKey {
  if (key.publicKey.key.keytype !== 'ed25519')
    throw fail('KEY_MALFORMED', { what: `${path} is no Ed25519 private key` })
  return key
}
