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

/** An upstream as a distribution declares it, as far as this package needs it. */
export type UpstreamRequest = HostUpstream | UrlUpstream

/** An upstream `from: host`: the machine's own sources say where it lies and who signs it. */
export interface HostUpstream {
  readonly format: FormatName
  readonly pockets: readonly Pocket[]
  readonly components: readonly string[]
}

/** An upstream by its address. */
export interface UrlUpstream {
  readonly format: FormatName
  /** The same repository under several addresses, tried in order: http, https or file. `$repo` and `$arch` stand for a suite and the architecture. */
  readonly urls: readonly string[]
  /** deb: suites, one that ends in `/` being a flat repository; alpm: the names of repositories; rpm, xbps: `['']`. */
  readonly suites: readonly string[]
  /** deb: components; elsewhere `['']`. */
  readonly components: readonly string[]
  /** Paths of keyring files, or armored key blocks. A signature by one of their keys is demanded. */
  readonly keyrings: readonly string[]
  /** True: what comes is believed without a signature. Only where there are no keyrings, and the format's own clients may do so too. */
  readonly unsigned: boolean
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
  /** deb: the suite; alpm: the repository's name; rpm, xbps: ''. */
  readonly suite: string
  readonly codename: string
  /** `url`: an upstream by its address has suites and no pockets. */
  readonly pocket: Pocket | 'own' | 'url'
  /** The signed top's date, ISO 8601, UTC. Null where it has none (alpm, xbps), and for our own repository: its identity is its packages alone. */
  readonly date: string | null
  /** Where package files lie: a URI, the records' `filename` below it. Null where the store has them all (our own). */
  readonly base: string | null
  /** The signed top as fetched, an object. Absent for our own repository. */
  readonly top?: Digest
  /** The top's detached signature as fetched, an object. */
  readonly signature?: Digest
  /** Nobody signed it: the distribution said that it may be so. */
  readonly unsigned?: true
  /** What `top` is called in deb snapshots of the first days. */
  readonly inRelease?: Digest | null
  readonly indexes: readonly SnapshotIndex[]
  /** What its publisher says of security problems, the format's own uncompressed index. Absent where there is none, or one that cannot be read. */
  readonly advisories?: Digest
}

export interface SnapshotIndex {
  readonly component: string
  /**
   * `index`: the format's own uncompressed index. `records`: canonical JSON of `PackageRecord[]`. `files`: paths that relations name and no
   * record lists, with the packages that have them (rpm), canonical JSON.
   */
  readonly form: 'index' | 'records' | 'files'
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

/** Checks a detached signature over bytes against keyrings. Throws when no key of them made it. */
export type VerifyDetached = (bytes: Uint8Array, signature: Uint8Array, keyrings: readonly string[]) => Promise<void>
