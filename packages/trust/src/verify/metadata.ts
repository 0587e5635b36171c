import { fail } from '../errors.ts'
import type { Signature, TufKey } from '../keyring.ts'
import { TOP_ROLES, type TopRole } from '../roles.ts'
import { fields, hex, jsonOf, list, oneOf, parseWith, ShapeError, text, time, whole } from './shape.ts'
import { signedForm } from './signed-form.ts'
import { parseTufKey } from './tuf-key.ts'

/*
 * TUF metadata (specification 1.0, §4) with consistent snapshots.
 * Fields that the specification does not know are kept for the signature and not looked at, as §4 asks.
 */

/** The keys that may sign for a role, and how many of them must (§4.3 `roles`). */
export interface RoleKeys {
  readonly keyids: readonly string[]
  readonly threshold: number
}

/** A key id's public key; undefined where the key is of a kind we cannot verify. */
export type Keys = ReadonlyMap<string, TufKey | undefined>

interface Common {
  readonly version: number
  /** ISO 8601, UTC. */
  readonly expires: string
}

export interface Root extends Common {
  readonly keys: Keys
  readonly roles: Readonly<Record<TopRole, RoleKeys>>
}

/** The digests of a file that we can compute. Where both are named, both must fit. */
interface Hashes {
  readonly sha256?: string
  readonly sha512?: string
}

/** What a snapshot or timestamp says of another metadata file (§4.4, §4.6). */
export interface MetaFile extends Hashes {
  readonly version: number
  readonly length?: number
}

export interface Timestamp extends Common {
  readonly snapshot: MetaFile
}

export interface Snapshot extends Common {
  /** By file name without version: `targets.json`, `channel-web.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>
}

export interface TargetFile extends Hashes {
  readonly length: number
}

export interface Delegation extends RoleKeys {
  readonly name: string
  /** Path patterns: `*` and `?` stand for what is within one directory (§4.5). */
  readonly paths: readonly string[]
  /** Instead of paths: beginnings of the SHA-256, in hex digits, of a target's path. */
  readonly pathHashPrefixes: readonly string[]
  /** Where a path matches, no delegation after this one is asked. */
  readonly terminating: boolean
}

export interface Targets extends Common {
  readonly targets: ReadonlyMap<string, TargetFile>
  readonly keys: Keys
  /** In the order in which they are asked (§5.6.7). */
  readonly delegations: readonly Delegation[]
}

/** A parsed file: what is signed, the very bytes that are signed (canonical JSON), and the signatures, none of them checked yet. */
export interface Envelope<T> {
  readonly signed: T
  readonly signedBytes: Buffer
  readonly signatures: readonly Signature[]
}

/** Members of a list of keys, signatures or roles. */
const MAX_LIST = 16_384
const MAX_TEXT = 1024

/** @throws METADATA_MALFORMED */
export function parseRoot(bytes: Uint8Array, name: string): Envelope<Root> {
  return parse(bytes, name, 'root', (signed) => {
    // §4.3: our sites have consistent snapshots; a root that says otherwise would make us ask for names that can change.
    if (signed['consistent_snapshot'] !== true) throw new ShapeError('consistent_snapshot is not true')
    const roles = fields(signed['roles'], 'roles')
    const role = (top: TopRole) => parseRoleKeys(roles[top], `roles.${top}`)
    return {
      ...common(signed),
      keys: parseKeys(signed['keys'], 'keys'),
      roles: {
        root: role('root'),
        targets: role('targets'),
        snapshot: role('snapshot'),
        timestamp: role('timestamp'),
      } satisfies Record<(typeof TOP_ROLES)[number], RoleKeys>,
    }
  })
}

/** @throws METADATA_MALFORMED */
export function parseTimestamp(bytes: Uint8Array, name: string): Envelope<Timestamp> {
  return parse(bytes, name, 'timestamp', (signed) => {
    const meta = fields(signed['meta'], 'meta')
    return { ...common(signed), snapshot: parseMetaFile(meta['snapshot.json'], 'meta.snapshot.json') }
  })
}

/** @throws METADATA_MALFORMED */
export function parseSnapshot(bytes: Uint8Array, name: string): Envelope<Snapshot> {
  return parse(bytes, name, 'snapshot', (signed) => {
    const meta = Object.entries(fields(signed['meta'], 'meta'))
    return { ...common(signed), meta: new Map(meta.map(([file, of]) => [file, parseMetaFile(of, `meta.${file}`)])) }
  })
}

/** The top targets file and delegated ones alike (§4.5). @throws METADATA_MALFORMED */
export function parseTargets(bytes: Uint8Array, name: string): Envelope<Targets> {
  return parse(bytes, name, 'targets', (signed) => {
    const delegations = signed['delegations'] === undefined ? undefined : fields(signed['delegations'], 'delegations')
    const targets = Object.entries(fields(signed['targets'], 'targets'))
    return {
      ...common(signed),
      targets: new Map(
        targets.map(([path, target]) => {
          const file = fields(target, `targets.${path}`)
          return [
            path,
            {
              length: whole(file['length'], `targets.${path}.length`, 0),
              ...parseHashes(file['hashes'], `targets.${path}.hashes`),
            },
          ]
        }),
      ),
      keys: delegations === undefined ? new Map() : parseKeys(delegations['keys'], 'delegations.keys'),
      delegations:
        delegations === undefined
          ? []
          : list(delegations['roles'] ?? [], 'delegations.roles', MAX_LIST).map((role, index) =>
              parseDelegation(role, `delegations.roles.${index}`),
            ),
    }
  })
}

type Fields = Readonly<Record<string, unknown>>

function parse<T>(bytes: Uint8Array, name: string, type: string, read: (signed: Fields) => T): Envelope<T> {
  return parseWith(
    () => {
      const file = fields(jsonOf(bytes), 'the file')
      const signed = fields(file['signed'], 'signed')
      oneOf(signed['_type'], '_type', [type])
      // §4.3 `spec_version`: a client follows the major version it knows.
      if (!text(signed['spec_version'], 'spec_version', MAX_TEXT).startsWith('1.'))
        throw new ShapeError('spec_version is not 1.x')
      const signatures = list(file['signatures'], 'signatures', MAX_LIST).map((signature, index) => {
        const of = fields(signature, `signatures.${index}`)
        return {
          keyid: text(of['keyid'], `signatures.${index}.keyid`, MAX_TEXT),
          sig: text(of['sig'], `signatures.${index}.sig`, MAX_TEXT * 8),
        }
      })
      // §4.2: a key id stands but once
      if (new Set(signatures.map(({ keyid }) => keyid)).size < signatures.length)
        throw new ShapeError('two signatures have one key id')
      // What is read and what is verified come from one parse, so no two readers can differ (duplicate keys, order, white space).
      return { signed: read(signed), signedBytes: signedForm(signed), signatures }
    },
    (why, cause) => fail('METADATA_MALFORMED', { what: `${name} is not TUF ${type} metadata: ${why}`, cause }),
  )
}

function common(signed: Fields): Common {
  return { version: whole(signed['version'], 'version', 1), expires: time(signed['expires'], 'expires') }
}

function parseKeys(value: unknown, at: string): Keys {
  return new Map(Object.entries(fields(value, at)).map(([keyid, key]) => [keyid, parseTufKey(key, `${at}.${keyid}`)]))
}

function parseDelegation(value: unknown, at: string): Delegation {
  const of = fields(value, at)
  const name = text(of['name'], `${at}.name`, MAX_TEXT)
  // The client keeps roles by their names: a delegated one must not stand in the place of a top one.
  if (TOP_ROLES.some((role) => role === name)) throw new ShapeError(`${at}.name is that of a top role`)
  const texts = (key: string) =>
    list(of[key] ?? [], `${at}.${key}`, MAX_LIST).map((path) => text(path, `${at}.${key}`, MAX_TEXT))
  return {
    ...parseRoleKeys(value, at),
    name,
    paths: texts('paths'),
    pathHashPrefixes: texts('path_hash_prefixes'),
    terminating: of['terminating'] === true,
  }
}

function parseRoleKeys(value: unknown, at: string): RoleKeys {
  const role = fields(value, at)
  const keyids = list(role['keyids'], `${at}.keyids`, MAX_LIST).map((keyid) => text(keyid, `${at}.keyids`, MAX_TEXT))
  return { keyids, threshold: whole(role['threshold'], `${at}.threshold`, 1) }
}

function parseMetaFile(value: unknown, at: string): MetaFile {
  const of = fields(value, at)
  const version = whole(of['version'], `${at}.version`, 1)
  const length = of['length'] === undefined ? {} : { length: whole(of['length'], `${at}.length`, 0) }
  return { version, ...length, ...(of['hashes'] === undefined ? {} : parseHashes(of['hashes'], `${at}.hashes`)) }
}

function parseHashes(value: unknown, at: string): Hashes {
  const { sha256, sha512 } = fields(value, at)
  return {
    ...(sha256 === undefined ? {} : { sha256: hex(sha256, `${at}.sha256`, 64) }),
    ...(sha512 === undefined ? {} : { sha512: hex(sha512, `${at}.sha512`, 128) }),
  }
}
