import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, digestOf, hexOf } from '@holotype/base'
import { keyOf } from '../key-id.ts'
import type { Keyring, Signature } from '../keyring.ts'
import type { RoleName } from '../roles.ts'
import { fields, jsonOf } from '../verify/shape.ts'

/** What thieves do: metadata with any content, signed with any key. */

type Fields = Readonly<Record<string, unknown>>

/** The `signed` part of a file of a site. */
export function signedOf(site: string, path: string): Fields {
  return fields(fields(jsonOf(readFileSync(join(site, path))), path)['signed'], path)
}

/** A file as a thief of `role`'s keys would sign it. */
export function forge(keyring: Keyring, role: RoleName, signed: Fields): Buffer {
  return Buffer.from(canonicalJson({ signatures: signAs(keyring, role, signed), signed }))
}

/** The signatures of `role`'s keys: of its next one too, while it is being rotated. */
export function signAs(keyring: Keyring, role: RoleName, signed: Fields): readonly Signature[] {
  return [`${role}.pem`, `next-${role}.pem`].flatMap((name, index) => {
    const path = join(keyring.directory, name)
    const { keyId } = (index === 0 ? keyring.publicKey(role) : keyring.nextKey(role)) ?? {}
    if (keyId === undefined) return []
    const sig = sign(null, Buffer.from(canonicalJson(signed)), createPrivateKey(readFileSync(path))).toString('hex')
    return [{ keyid: keyId, sig }]
  })
}

/** What a file above says of a forged one. */
export function metaFor(bytes: Buffer, version: number) {
  return { version, length: bytes.length, hashes: { sha256: hexOf(digestOf(bytes)) } }
}

/** A key outside any keyring. */
export function looseKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  const key = keyOf(Buffer.from(x ?? '', 'base64url').toString('hex'))
  return {
    ...key,
    sign: (signed: Fields, keyid = key.keyId) => ({
      keyid,
      sig: sign(null, Buffer.from(canonicalJson(signed)), privateKey).toString('hex'),
    }),
  }
}
