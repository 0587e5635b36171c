import type { Keyring } from './keyring.ts'
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
