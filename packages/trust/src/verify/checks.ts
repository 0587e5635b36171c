import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { fail } from '../errors.ts'
import type { Envelope, Keys, MetaFile, RoleKeys } from './metadata.ts'

/** A SubjectPublicKeyInfo of Ed25519 up to the key's 32 bytes (RFC 8410 §4). */
const ED25519_SPKI = '302a300506032b6570032100'

/** A node:crypto key of 64 hex digits. */
export function ed25519Key(hex: string): KeyObject {
  return createPublicKey({ key: Buffer.from(ED25519_SPKI + hex, 'hex'), format: 'der', type: 'spki' })
}

/**
 * A role's metadata is signed by a threshold of its keys (TUF 1.0, "arbitrary software attack": 5.3.4, 5.4.2, 5.5.3, 5.6.3).
 * Counted are distinct public keys: neither a repeated signature nor one key under two ids counts twice.
 * @throws METADATA_UNSIGNED
 */
export function checkSignatures(file: Envelope<unknown>, role: RoleKeys, keys: Keys, name: string): void {
  const allowed = new Set(role.keyids)
  const good = new Set<string>()
  // One try per key id: a file full of signatures must not cost a verification each.
  const tried = new Set<string>()
  for (const { keyid, sig } of file.signatures) {
    const publicKey = keys.get(keyid)
    if (!allowed.has(keyid) || publicKey === undefined || tried.has(keyid)) continue
    tried.add(keyid)
    if (/^[0-9a-f]{128}$/.test(sig) && isSigned(file.signedBytes, publicKey, sig)) good.add(publicKey)
  }
  if (good.size < role.threshold)
    throw fail('METADATA_UNSIGNED', {
      what: `${name} has ${good.size} of the ${role.threshold} good signatures it needs`,
      data: { file: name, good: good.size, threshold: role.threshold },
    })
}

function isSigned(bytes: Uint8Array, publicKey: string, sig: string): boolean {
  try {
    return verify(null, bytes, ed25519Key(publicKey), Buffer.from(sig, 'hex'))
  } catch {
    return false // 32 bytes that are no point of the curve
  }
}

/** Freeze attack: 5.3.10, 5.4.4, 5.5.6, 5.6.5. @throws METADATA_EXPIRED */
export function checkExpiry(expires: string, now: Date, name: string): void {
  if (Date.parse(expires) <= now.getTime())
    throw fail('METADATA_EXPIRED', { what: `${name} expired at ${expires}`, data: { file: name, expires } })
}

/** True if bytes are the ones that a signed file above them names. */
export function isNamedBy(bytes: Uint8Array, meta: Omit<MetaFile, 'version'>): boolean {
  return (
    (meta.length === undefined || meta.length === bytes.length) &&
    (meta.sha256 === undefined || meta.sha256 === hash('sha256', bytes, 'hex'))
  )
}

/** Mix-and-match attack: 5.5.2, 5.6.2, 5.7.2. @throws METADATA_MISMATCH */
export function checkNamedBy(bytes: Uint8Array, meta: Omit<MetaFile, 'version'>, name: string): void {
  if (!isNamedBy(bytes, meta))
    throw fail('METADATA_MISMATCH', {
      what: `${name} is not the file that the metadata above it names (${meta.length ?? '?'} bytes, SHA-256 ${meta.sha256 ?? '?'})`,
      data: { file: name },
    })
}

/** 5.5.4, 5.6.4: the version is the one that the file above names. @throws METADATA_MISMATCH */
export function checkVersion(version: number, expected: number, name: string): void {
  if (version !== expected)
    throw fail('METADATA_MISMATCH', { what: `${name} is version ${version}, not ${expected}`, data: { file: name } })
}

/** Rollback attack: 5.4.3, 5.5.5. @throws METADATA_ROLLBACK */
export function checkForward(version: number, seen: number, name: string): void {
  if (version < seen)
    throw fail('METADATA_ROLLBACK', {
      what: `${name} is version ${version}, older than version ${seen} seen before`,
      data: { file: name, version, seen },
    })
}
