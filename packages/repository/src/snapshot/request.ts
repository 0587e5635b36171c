import type { Progress } from '@holotype/base'
import type { Format } from '@holotype/formats'
import type { Store } from '@holotype/store'
import type { Fetcher } from '../fetch/fetcher.ts'
import type { HostSource, UpstreamRequest, VerifyClearSigned } from '../types.ts'

export interface SnapshotRequest {
  readonly name: string
  readonly upstream: UpstreamRequest
  readonly architecture: string
  readonly store: Store
  /** From `hostSources`. */
  readonly sources: readonly HostSource[]
  readonly fetcher: Fetcher
  readonly verify: VerifyClearSigned
  /** Milliseconds since the epoch, for Valid-Until. */
  readonly now: number
  readonly progress?: Progress
}

/** What is asked of one suite at one address. */
export interface SuiteRequest extends SnapshotRequest {
  readonly format: Format
  readonly site: HostSource
}
