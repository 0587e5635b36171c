import { canonicalJson } from '@holotype/base'
import { fail } from '../errors.ts'
import type { Signature } from '../keyring.ts'
import type { TOP_ROLES, TopRole } from '../roles.ts'
import { fields, hex, jsonOf, list, oneOf, parseWith, ShapeError, text, time, whole } from './shape.ts'

/*
 * TUF metadata (specification 1.0, §4), as far as a site of ours uses it: Ed25519 keys, SHA-256, consistent snapshots, delegations by exact path.
 * Fields that the specification does not know are kept for the signature and not looked at, as §4 asks.
 */

/** The keys that may sign for a role, and how many of them must (§4.3 `roles`). */
export interface RoleKeys {
  readonly keyids: readonly string[]
  readonly threshold: number
}

/** A key id's public key, 64 hex digits; undefined where the key is of a kind we cannot verify. */
export type Keys = ReadonlyMap<string, string | undefined>

interface Common {
  readonly version: number
  /** ISO 8601, UTC. */
  readonly expires: string
}

export interface Root extends Common {
  readonly keys: Keys
  readonly roles: Readonly<Record<TopRole, RoleKeys>>
}

/** What a snapshot or timestamp says of another metadata file (§4.4, §4.6). */
export interface MetaFile {
  readonly version: number
  readonly length?: number
  readonly sha256?: string
}

export interface Timestamp extends Common {
  readonly snapshot: MetaFile
}

export interface Snapshot extends Common {
  /** By file name without version: `targets.json`, `channel-web.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>
}

export interface TargetFile {
  readonly length: number
  readonly sha256: string
}

export interface Delegation extends RoleKeys {
  readonly name: string
  readonly paths: readonly string[]
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
              sha256: hex(fields(file['hashes'], `targets.${path}.hashes`)['sha256'], `targets.${path}.sha256`, 64),
            },
          ]
        }),
      ),
      keys: delegations === undefined ? new Map() : parseKeys(delegations['keys'], 'delegations.keys'),
      delegations:
        delegations === undefined
          ? []
          : list(delegations['roles'] ?? [], 'delegations.roles', MAX_LIST).map((role, index) => {
              const at = `delegations.roles.${index}`
              const of = fields(role, at)
              return {
                ...parseRoleKeys(role, at),
                name: text(of['name'], `${at}.name`, MAX_TEXT),
                paths: list(of['paths'] ?? [], `${at}.paths`, MAX_LIST).map((path) => text(path, at, MAX_TEXT)),
              }
            }),
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
      // What is read and what is verified come from one parse, so no two readers can differ (duplicate keys, order, white space).
      return { signed: read(signed), signedBytes: Buffer.from(canonicalJson(signed)), signatures }
    },
    (why, cause) => fail('METADATA_MALFORMED', { what: `${name} is not TUF ${type} metadata: ${why}`, cause }),
  )
}

function common(signed: Fields): Common {
  return { version: whole(signed['version'], 'version', 1), expires: time(signed['expires'], 'expires') }
}

function parseKeys(value: unknown, at: string): Keys {
  return new Map(
    Object.entries(fields(value, at)).map(([keyid, key]) => {
      const of = fields(key, `${at}.${keyid}`)
      if (of['keytype'] !== 'ed25519' || of['scheme'] !== 'ed25519') return [keyid, undefined]
      return [keyid, hex(fields(of['keyval'], `${at}.${keyid}.keyval`)['public'], `${at}.${keyid}.public`, 64)]
    }),
  )
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
  const hashes = of['hashes'] === undefined ? {} : fields(of['hashes'], `${at}.hashes`)
  const sha256 = hashes['sha256'] === undefined ? {} : { sha256: hex(hashes['sha256'], `${at}.sha256`, 64) }
  return { version, ...length, ...sha256 }
}
