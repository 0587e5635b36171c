import { createPrivateKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import type { PublicKey } from '../keyring.ts'
import { writeKeyFile } from './key-file.ts'
import { fileKey, newPrivate, publicPem } from './signing-key.ts'

/** Makes a key holder's own key: see signer.ts. */
export function createHolderKey(file: string): PublicKey {
  if (existsSync(file)) throw fail('KEY_EXISTS', { what: `${file} is there already` })
  const text = newPrivate()
  writeKeyFile(file, text)
  writeFileAtomic(`${file}.pub`, publicPem(createPrivateKey(text)))
  return fileKey(file).publicKey
}
