import type { Progress } from '@holotype/base'
import type { Format } from '@holotype/formats'
import type { Store } from '@holotype/store'
import type { Fetcher } from '../fetch/fetcher.ts'
import type { HostSource, Pocket, UpstreamRequest, VerifyClearSigned, VerifyDetached } from '../types.ts'

export interface SnapshotRequest {
  readonly name: string
  readonly upstream: UpstreamRequest
  /** As the format itself names it: deb `amd64`, the others `x86_64`. */
  readonly architecture: string
  readonly store: Store
  /** From `hostSources`; not looked at for an upstream by its address. */
  readonly sources: readonly HostSource[]
  readonly fetcher: Fetcher
  readonly verify: VerifyClearSigned
  /** Without it, what has a detached signature is refused. */
  readonly verifyDetached?: VerifyDetached
  /** Milliseconds since the epoch, for Valid-Until. */
  readonly now: number
  readonly progress?: Progress
}

/** One suite at one address. */
export interface Site {
  readonly pocket: Pocket | 'url'
  /** Without a slash at the end. */
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  readonly keyrings: readonly string[]
  /** True where the distribution declares that nobody signs it. */
  readonly unsigned: boolean
  /** What the top's Origin must be, compared without case; absent: anything. */
  readonly origin?: string
  readonly checkValidUntil: boolean
  /** What stays the same from one address of it to the next: under this its newest date is remembered. */
  readonly identity: string
}

/** One suite with its addresses, in the order they are tried. */
export interface SuiteSites {
  /** For people: `the pocket updates`, `the suite trixie`. */
  readonly title: string
  readonly sites: readonly Site[]
}

/** What is asked of one suite at one address. */
export interface SuiteRequest extends SnapshotRequest {
  readonly format: Format
  readonly site: Site
}
