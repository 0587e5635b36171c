import type { Compression } from './types.ts'

/** What a format tells of repositories that others publish: where things lie, and what the signed top says of them. */

/** Which part of an upstream is read. deb: suite, component and architecture; alpm: `suite` is the repository's name; rpm, xbps: architecture alone. */
export interface UpstreamPlace {
  readonly suite: string
  readonly component: string
  readonly architecture: string
}

/** The signed top of a repository: what is fetched first and what its signature covers. */
export interface UpstreamTop {
  /** Path below the repository's base. */
  readonly path: string
  /** `inline`: the file is clear-signed (InRelease). `detached`: the signature lies at `signature`. `none`: this format signs packages alone (xbps). */
  readonly signed: 'inline' | 'detached' | 'none'
  /** Path of the detached signature, armored or binary OpenPGP. */
  readonly signature?: string
  /** True where clients take it without a signature too (alpm databases, rpm-md): then its absence is no error unless a keyring is demanded. */
  readonly signatureOptional?: boolean
}

/** What bytes must be. */
export interface ExpectedBytes {
  readonly size: number
  /** 64 hex digits; '' where the top has a SHA-512 only. */
  readonly sha256: string
  /** 128 hex digits, where there is no SHA-256. */
  readonly sha512?: string
}

/** Where one index of a repository lies and what it must be. */
export interface RepositoryIndex extends ExpectedBytes {
  /** Path below the directory of the signed top: `main/binary-amd64/Packages.xz`, `repodata/<sha256>-primary.xml.gz`. */
  readonly path: string
  /** rpm: what repomd.xml calls it, and what it must be once unpacked. */
  readonly type?: string
  readonly open?: ExpectedBytes
}

/** The signed top of a repository. What a format does not have is ''. */
export interface RepositoryHead {
  readonly origin: string
  readonly label: string
  readonly suite: string
  readonly codename: string
  /** ISO 8601, UTC. rpm: the revision or the youngest timestamp. */
  readonly date: string
  readonly validUntil?: string
  readonly architectures: readonly string[]
  readonly components: readonly string[]
  readonly indexes: readonly RepositoryIndex[]
  /** deb: packages for all architectures stand in indexes of their own, which are read beside those of each architecture. */
  readonly separateAll?: true
}

/** One way to get an index: a file that the head names, and what its bytes unpack to. Size and digest are those of the file as fetched. */
export interface UpstreamIndex extends ExpectedBytes {
  /** Path below the repository's base. A second path is tried when the first is not there (deb: by hash, then by name). */
  readonly paths: readonly string[]
  readonly compression: Compression
  /** Bytes and digest once unpacked; absent where the head does not say. */
  readonly open?: ExpectedBytes
}

/** What the publisher of a repository says of a security problem in its packages. */
export interface UpstreamAdvisory {
  /** The publisher's own: `RHSA-2024:0001`. */
  readonly id: string
  readonly title: string
  /** In the publisher's own word; '' if it says none. */
  readonly severity: string
  /** The builds in which the problem is mended. */
  readonly packages: readonly MendedPackage[]
}

/** A build of a package, by the package's name and not by its source's. */
export interface MendedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** It is of a module's stream: other streams of the module have other versions, which it says nothing of. */
  readonly ofStream?: true
}

export interface UpstreamReader {
  top(place: UpstreamPlace): UpstreamTop
  /** deb: the same in an older form, read where `top` is not there. Absent elsewhere. */
  olderTop?(place: UpstreamPlace): UpstreamTop
  /**
   * Parses a top whose signature is checked: for `inline` the text that was signed, else the file's bytes. Where the top is the index itself
   * (alpm, xbps) the head lists nothing and `indexes` is empty: the top's bytes, decompressed, go to `parseIndex`.
   * @throws REPOSITORY_MALFORMED
   */
  parseTop(bytes: Uint8Array, place: UpstreamPlace): RepositoryHead
  /**
   * The forms of the index of packages, the best first. Empty: the top is the index.
   * @throws REPOSITORY_MALFORMED if the head lists no such index
   */
  indexes(head: RepositoryHead, place: UpstreamPlace): readonly UpstreamIndex[]
  /** deb: the forms of the index of packages for all architectures, where it is one of its own. Empty: those are in `indexes`. Absent elsewhere. */
  indexesForAll?(head: RepositoryHead, place: UpstreamPlace): readonly UpstreamIndex[]
  /** The compression of a top that is the index itself, told from its first bytes. */
  compressionOf(bytes: Uint8Array): Compression
  /** rpm: the forms of the list of all files, fetched when a dependency names a path that `parseIndex` did not list. Absent elsewhere. */
  fileIndexes?(head: RepositoryHead, place: UpstreamPlace): readonly UpstreamIndex[]
  /** rpm: who has these paths: by path, the SHA-256 of each package that has it. */
  parseFileIndex?(bytes: Uint8Array, wanted: ReadonlySet<string>): ReadonlyMap<string, readonly string[]>
  /** rpm: the forms of the publisher's advisories, which need not be there. Absent elsewhere. */
  advisoryIndexes?(head: RepositoryHead, place: UpstreamPlace): readonly UpstreamIndex[]
  /**
   * rpm: the advisories of an uncompressed index that are about security, in its order.
   * @throws REPOSITORY_MALFORMED
   */
  parseAdvisories?(bytes: Uint8Array): UpstreamAdvisory[]
}
