import { canonicalJson, digestOf, hexOf } from '@holotype/base'
import { withKeyId } from '../key-id.ts'
import type { Keyring, TufKey } from '../keyring.ts'
import { channelRole, metadataFile, type RoleName, targetPath, TOP_ROLES, type TopRole } from '../roles.ts'
import type { Keys, MetaFile, RoleKeys, TargetFile } from '../verify/metadata.ts'
import { signedForm } from '../verify/signed-form.ts'

/** Pure forms of the metadata documents we write (TUF 1.0 §4). */

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

/** Who signs for a role: any `threshold` of these keys. */
export interface Signers {
  readonly keys: readonly TufKey[]
  readonly threshold: number
}

/** A role with one key. */
export function oneSigner(key: TufKey): Signers {
  return { keys: [key], threshold: 1 }
}

/** Who signs for a role of metadata that was read. */
export function signersOf(role: RoleKeys, keys: Keys): Signers {
  return { keys: role.keyids.flatMap((keyid) => keys.get(keyid) ?? []), threshold: role.threshold }
}

export type TopSigners = Readonly<Record<TopRole, Signers>>

export function rootDocument(common: Common, signers: TopSigners) {
  const roles = TOP_ROLES.map((role) => [role, roleKeys(signers[role])])
  return {
    _type: 'root',
    spec_version: SPEC_VERSION,
    ...common,
    consistent_snapshot: true,
    keys: keyTable(TOP_ROLES.flatMap((role) => signers[role].keys)),
    roles: Object.fromEntries(roles),
  }
}

/** The top targets file: no targets of its own, each channel's one path delegated to the channel's role (§4.5). */
export function targetsDocument(common: Common, channels: ReadonlyMap<string, Signers>) {
  return {
    _type: 'targets',
    spec_version: SPEC_VERSION,
    ...common,
    targets: {},
    delegations: {
      keys: keyTable([...channels.values()].flatMap(({ keys }) => keys)),
      roles: [...channels].map(([channel, signers]) => ({
        name: channelRole(channel),
        ...roleKeys(signers),
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
export async function signDocument(keyring: Keyring, role: RoleName, document: Common): Promise<SiteFile> {
  const signatures = await keyring.sign(role, signedForm(document))
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

function roleKeys({ keys, threshold }: Signers) {
  return { keyids: keys.map((key) => withKeyId(key).keyId), threshold }
}

function keyTable(keys: readonly TufKey[]) {
  return Object.fromEntries(keys.map((key) => [withKeyId(key).keyId, key]))
}
