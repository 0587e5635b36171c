import { readFileSync, statSync } from 'node:fs'
import { HolotypeError } from '@holotype/base'
import type { PublicKey } from 'openpgp'
import { fail } from '../errors.ts'
import { KEYRING_BYTES } from '../limits.ts'
import { messageOf } from './verdict.ts'

const ARMOR_BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----'
const ARMORED_BLOCK = /^-----BEGIN PGP PUBLIC KEY BLOCK-----\r?$[\s\S]*?^-----END PGP PUBLIC KEY BLOCK-----\r?$/gm

/** The public keys of a keyring: a file's path, binary or armored, or armored blocks themselves. @throws KEYRING_MALFORMED */
export async function readKeyring(keyring: string): Promise<PublicKey[]> {
  const openpgp = await import('openpgp')
  const inline = keyring.includes(ARMOR_BEGIN)
  const shown = inline ? 'the armored keyring given' : `the keyring ${keyring}`
  const bytes = inline ? Buffer.from(keyring) : readBounded(keyring, shown)
  try {
    if (!bytes.includes(ARMOR_BEGIN)) return await openpgp.readKeys({ binaryKeys: bytes })
    const blocks = bytes.toString().match(ARMORED_BLOCK) ?? []
    return (await Promise.all(blocks.map((armoredKeys) => openpgp.readKeys({ armoredKeys })))).flat()
  } catch (error) {
    throw fail('KEYRING_MALFORMED', {
      what: `${shown} holds no OpenPGP public keys: ${messageOf(error)}`,
      cause: error,
    })
  }
}

function readBounded(path: string, shown: string): Buffer {
  try {
    if (statSync(path).size > KEYRING_BYTES)
      throw fail('KEYRING_MALFORMED', { what: `${shown} is larger than ${KEYRING_BYTES} bytes` })
    return readFileSync(path)
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    throw fail('KEYRING_MALFORMED', { what: `${shown} cannot be read`, cause: error })
  }
}
