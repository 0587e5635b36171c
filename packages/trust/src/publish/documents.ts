import { canonicalJson, hexOf, digestOf } from '@holotype/base'
import { keyOf } from '../key-id.ts'
import type { Keyring } from '../keyring.ts'
import { channelRole, metadataFile, type RoleName, targetPath, TOP_ROLES, type TopRole } from '../roles.ts'
import type { MetaFile, TargetFile } from '../verify/metadata.ts'

/** Pure forms of the metadata documents we write (TUF 1.0 §4). One key per role, so every threshold is 1. */

/** The version of the specification we write by. */
const SPEC_VERSION = '1.0.34'

/** A file of the site, not written yet. */
export interface SiteFile {
  /** Below the site. */
  readonly path: string
  readonly bytes: Buffer
}

interface Common {
  readonly version: number
  readonly expires: string
}

/** Public keys, 64 hex digits each, by the role they sign for. */
export type TopKeys = Readonly<Record<TopRole, readonly string[]>>

export function rootDocument(common: Common, keys: TopKeys) {
  const roles = TOP_ROLES.map((role) => [role, roleKeys(keys[role])])
  return {
    _type: 'root',
    spec_version: SPEC_VERSION,
    ...common,
    consistent_snapshot: true,
    keys: keyTable(TOP_ROLES.flatMap((role) => keys[role])),
    roles: Object.fromEntries(roles),
  }
}

/** The top targets file: no targets of its own, each channel's one path delegated to the channel's role (§4.5). */
export function targetsDocument(common: Common, channels: ReadonlyMap<string, readonly string[]>) {
  return {
    _type: 'targets',
    spec_version: SPEC_VERSION,
    ...common,
    targets: {},
    delegations: {
      keys: keyTable([...channels.values()].flat()),
      roles: [...channels].map(([channel, keys]) => ({
        name: channelRole(channel),
        ...roleKeys(keys),
        terminating: true,
        paths: [targetPath(channel)],
      })),
    },
  }
}

export function channelDocument(common: Common, channel: string, statement: TargetFile | undefined) {
  const targets =
    statement === undefined
      ? {}
      : { [targetPath(channel)]: { length: statement.length, hashes: { sha256: statement.sha256 } } }
  return { _type: 'targets', spec_version: SPEC_VERSION, ...common, targets }
}

export function snapshotDocument(common: Common, meta: ReadonlyMap<string, MetaFile>) {
  const files = [...meta].map(([name, file]) => [name, metaEntry(file)])
  return { _type: 'snapshot', spec_version: SPEC_VERSION, ...common, meta: Object.fromEntries(files) }
}

export function timestampDocument(common: Common, snapshot: MetaFile) {
  return { _type: 'timestamp', spec_version: SPEC_VERSION, ...common, meta: { 'snapshot.json': metaEntry(snapshot) } }
}

/** The signed file of a document, under its name on the site. Bytes are canonical JSON as a whole: same content, same bytes. */
export function signDocument(keyring: Keyring, role: RoleName, document: Common): SiteFile {
  const signatures = keyring.sign(role, Buffer.from(canonicalJson(document)))
  return {
    path: metadataFile(role, document.version),
    bytes: Buffer.from(canonicalJson({ signatures, signed: document })),
  }
}

/** What a snapshot or timestamp says of a file. */
export function metaOf(file: SiteFile, version: number): MetaFile {
  return { version, length: file.bytes.length, sha256: hexOf(digestOf(file.bytes)) }
}

/** Whole seconds (§4.2.3), `seconds` after `now`. */
export function expiryAfter(now: Date, seconds: number): string {
  return new Date(now.getTime() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
}

function metaEntry(file: MetaFile) {
  return { version: file.version, length: file.length, hashes: { sha256: file.sha256 } }
}

function roleKeys(keys: readonly string[]) {
  return { keyids: keys.map((key) => keyOf(key).keyId), threshold: 1 }
}

function keyTable(keys: readonly string[]) {
  return Object.fromEntries(keys.map((hex) => [keyOf(hex).keyId, keyOf(hex).key]))
}
