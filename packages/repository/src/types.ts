import type { Digest } from '@holotype/base'
import type { FormatName } from '@holotype/formats'

/** Which of a release's suites: the release itself, its updates, its security fixes, its backports. */
export type Pocket = 'release' | 'updates' | 'security' | 'backports'

/** One suite at one address, as the machine's own apt configuration names it. */
export interface HostSource {
  readonly pocket: Pocket
  /** `http:`, `https:` or `file:`, without a slash at the end. */
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** Paths of keyring files, or armored key blocks. */
  readonly keyrings: readonly string[]
  /** What the signed top's Origin must be, compared without case: os-release's ID (`debian`). */
  readonly origin: string
  /** False where the machine's administrator told apt not to check Valid-Until. */
  readonly checkValidUntil: boolean
  /** `file:line` it was read from. */
  readonly where: string
}

/** The `from: host` upstream of a distribution, as far as this package needs it. */
export interface UpstreamRequest {
  readonly format: FormatName
  readonly pockets: readonly Pocket[]
  readonly components: readonly string[]
}

/** One immutable state of a repository, an object: its digest is its identity. */
export interface Snapshot {
  readonly schema: 'holotype.snapshot/1'
  readonly name: string
  readonly format: FormatName
  readonly architecture: string
  readonly suites: readonly SnapshotSuite[]
}

export interface SnapshotSuite {
  readonly suite: string
  readonly codename: string
  readonly pocket: Pocket | 'own'
  /** The signed top's Date, ISO 8601, UTC. Null for our own repository: its identity is its packages alone. */
  readonly date: string | null
  /** Where package files lie: a URI, the records' `filename` below it. Null where the store has them all (our own). */
  readonly base: string | null
  /** The signed top as fetched, an object. Null for our own repository. */
  readonly inRelease: Digest | null
  readonly indexes: readonly SnapshotIndex[]
}

export interface SnapshotIndex {
  readonly component: string
  /** `index`: the format's own uncompressed index. `records`: canonical JSON of `PackageRecord[]`. */
  readonly form: 'index' | 'records'
  readonly digest: Digest
}

/** A snapshot with its digest. */
export interface TakenSnapshot {
  readonly digest: Digest
  readonly snapshot: Snapshot
  /** Bytes of indexes fetched: 0 when upstream has not changed. */
  readonly bytesFetched: number
}

/** Checks a clear-signed text against keyrings and gives back the text that is signed. Throws when no key of them made a good signature. */
export type VerifyClearSigned = (text: string, keyrings: readonly string[]) => Promise<string>
