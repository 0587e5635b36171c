import type { Keyring, TufKey } from './keyring.ts'
import type { RoleName } from './roles.ts'
import type { ChannelStatement } from './statement.ts'

/** Seconds a role's metadata stays good. */
export interface RoleLifetimes {
  readonly root: number
  readonly targets: number
  readonly snapshot: number
  readonly timestamp: number
}

/** What every operation on a site's trust part needs. */
export interface SiteOptions {
  /** The site's directory: its trust metadata go to `trust/`, its statements to `channels/`. */
  readonly site: string
  readonly keyring: Keyring
  readonly now: Date
  /** Where it differs from ROLE_LIFETIMES. */
  readonly expires?: Partial<RoleLifetimes>
  /** Called with each file's path below the site once it is in its place and durable. What it throws ends the operation there. */
  readonly onWritten?: (path: string) => void
}

export interface InitTrustOptions extends SiteOptions {
  readonly channels: readonly string[]
}

export interface AddChannelOptions extends SiteOptions {
  readonly channel: string
}

export interface PublishStatementOptions extends SiteOptions {
  readonly statement: ChannelStatement
}

export interface RotateRootOptions extends SiteOptions {
  /** Whose keys are replaced. Empty: the root file is renewed with the keys it has. Default: `root` alone. */
  readonly roles?: readonly ('root' | 'targets' | 'snapshot' | 'timestamp' | `channel-${string}`)[]
}

/** How a role of a site stands after a refresh. */
export interface Renewal {
  readonly role: RoleName
  /** ISO 8601, UTC: when what the role has signed is no longer good. */
  readonly expires: string
  /** Whether it was signed anew. */
  readonly renewed: boolean
  /** More than half of its life is over, and this keyring cannot sign for it alone: its holders must. */
  readonly elsewhere: boolean
  /** A channel's new statement, where there is one. */
  readonly statement?: ChannelStatement
}

/** What changes about who signs for a role. A channel's role that the site does not know is a new channel, by itself with a key of the keyring. */
export interface SignerChange {
  readonly role: RoleName
  readonly add?: readonly TufKey[]
  /** Key ids. */
  readonly remove?: readonly string[]
  readonly threshold?: number
}

export interface PrepareOptions extends SiteOptions {
  /** Where the prepared files are written. */
  readonly directory: string
  /** None, and nothing to rotate: root and targets get a new expiry. */
  readonly changes: readonly SignerChange[]
  /** Roles whose key in this keyring is replaced by a new one of it. */
  readonly rotate?: readonly RoleName[]
}

/** A file of a change of keys on its way from holder to holder. */
export interface PreparedFile {
  readonly path: string
  readonly version: number
  readonly expires: string
  /** Of the bytes that are signed, 64 hex digits: the same on every holder's machine. */
  readonly sha256: string
  /** Key ids. */
  readonly signedBy: readonly string[]
  /** Who will sign for which role once it is published. */
  readonly roles: readonly {
    readonly role: string
    readonly keyids: readonly string[]
    readonly threshold: number
  }[]
}

/** A private key file, or a program with its public key. */
export type HolderKey = { readonly file: string } | { readonly program: string; readonly publicFile: string }

/** Who signs for a role of a site. */
export interface RoleSigners {
  readonly role: RoleName
  readonly threshold: number
  /** ISO 8601, UTC: when what the role has signed is no longer good. */
  readonly expires: string
  readonly keys: readonly { readonly keyId: string; readonly here: boolean }[]
}
