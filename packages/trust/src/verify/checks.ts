import { hash } from 'node:crypto'
import { fail } from '../errors.ts'
import type { Envelope, Keys, MetaFile, RoleKeys, TargetFile } from './metadata.ts'
import { isSignedBy, openTufKey } from './tuf-key.ts'

/**
 * A role's metadata is signed by a threshold of its keys (TUF 1.0, "arbitrary software attack": 5.3.4, 5.4.2, 5.5.3, 5.6.3).
 * Counted are distinct public keys: neither a repeated signature nor one key under two ids counts twice.
 * @throws METADATA_UNSIGNED
 */
export function checkSignatures(file: Envelope<unknown>, role: RoleKeys, keys: Keys, name: string): void {
  const allowed = new Set(role.keyids)
  const good = new Set<string>()
  // A key id stands once among the signatures (the parser sees to it): a file full of them cannot cost a verification each.
  for (const { keyid, sig } of file.signatures) {
    const publicKey = keys.get(keyid)
    if (!allowed.has(keyid) || publicKey === undefined) continue
    const opened = openTufKey(publicKey)
    if (opened !== undefined && isSignedBy(publicKey, opened.key, file.signedBytes, sig)) good.add(opened.same)
  }
  if (good.size < role.threshold)
    throw fail('METADATA_UNSIGNED', {
      what: `${name} has ${good.size} of the ${role.threshold} good signatures it needs`,
      data: { file: name, good: good.size, threshold: role.threshold },
    })
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
    (meta.sha256 === undefined || meta.sha256 === hash('sha256', bytes, 'hex')) &&
    (meta.sha512 === undefined || meta.sha512 === hash('sha512', bytes, 'hex'))
  )
}

/** The digest that stands in a target's file name (consistent snapshots, §6.2). @throws METADATA_MALFORMED where none is of a kind we can compute */
export function digestOfTarget({ sha256, sha512 }: TargetFile, path: string): string {
  const digest = sha256 ?? sha512
  if (digest === undefined)
    throw fail('METADATA_MALFORMED', { what: `the target ${path} has neither a SHA-256 nor a SHA-512` })
  return digest
}

/** Mix-and-match attack: 5.5.2, 5.6.2, 5.7.2. @throws METADATA_MISMATCH */
export function checkNamedBy(bytes: Uint8Array, meta: Omit<MetaFile, 'version'>, name: string): void {
  if (!isNamedBy(bytes, meta))
    throw fail('METADATA_MISMATCH', {
      what: `${name} is not the file that the metadata above it names (${meta.length ?? '?'} bytes, ${meta.sha256 === undefined ? `SHA-512 ${meta.sha512 ?? '?'}` : `SHA-256 ${meta.sha256}`})`,
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
