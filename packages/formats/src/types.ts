/** The family's interface: what every package format offers to the rest of the house. Nothing above this package knows which member it holds. */

export type FormatName = 'deb' | 'alpm' | 'rpm' | 'xbps'

export type Ordering = -1 | 0 | 1

/** One package that satisfies a relation: `libc6:any (>= 2.36) [amd64]` without the parts that are absent. */
export interface Relation {
  readonly name: string
  /** deb: `<<` `<=` `=` `>=` `>>`. */
  readonly operator?: string
  readonly version?: string
  /** The architecture qualifier: `any`, `native` or an architecture. */
  readonly architecture?: string
}

/** All must hold; of each inner list one suffices, the first being preferred. */
export type Dependencies = readonly (readonly Relation[])[]

/** A package as a repository's index lists it. Names follow the deb control fields; other formats map onto them. */
export interface PackageRecord {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly sourceVersion: string
  readonly essential: boolean
  readonly priority: string
  readonly section: string
  readonly multiArch: 'no' | 'same' | 'foreign' | 'allowed'
  readonly depends: Dependencies
  readonly preDepends: Dependencies
  readonly recommends: Dependencies
  readonly provides: readonly Relation[]
  readonly conflicts: readonly Relation[]
  readonly breaks: readonly Relation[]
  readonly replaces: readonly Relation[]
  /** Bytes of the package file. */
  readonly size: number
  /** KiB when installed, as the package states it. */
  readonly installedSize: number
  /** 64 hex digits. */
  readonly sha256: string
  /** Path of the package file below the repository's base. */
  readonly filename: string
  /** The synopsis: the first line. */
  readonly description: string
}

export type PayloadType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'

/** One member of a package's payload, in archive order. */
export interface PayloadEntry {
  /** Relative, normalised, confined: no leading slash, no `.` or `..` part. The root directory itself is ''. */
  readonly path: string
  readonly type: PayloadType
  /** Permission bits incl. setuid, setgid, sticky: 0o0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Owner and group by name, where the archive names them. */
  readonly owner?: string
  readonly group?: string
  /** Seconds since the epoch. */
  readonly mtime: number
  /** Bytes of a file; 0 for all else. */
  readonly size: number
  /** A symlink's text, or the path (as `path`) of the file a hard link names. */
  readonly target?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes, values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>
}

/** What a package file says of itself, without its payload. */
export interface PackageFile {
  /** The record an index would hold, but for `filename`. */
  readonly record: PackageRecord
  /** Every control field in file order: the native names and values, continuation lines as they stand in the file. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** deb: the members of control.tar (`postinst`, `conffiles`, `md5sums`, `triggers` …), by name, with their bytes and mode. */
  readonly control: ReadonlyMap<string, { readonly bytes: Buffer; readonly mode: number }>
}

/** Called for every payload member in archive order. A file's `content` must be read to its end, or not at all, before the promise settles. */
export type PayloadVisitor = (entry: PayloadEntry, content: AsyncIterable<Uint8Array>) => Promise<void> | void

/** A package that a root's installed database holds. */
export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  /** The native state: for dpkg the third word of Status (`installed`, `half-configured` …). */
  readonly state: string
}

export interface PackageToWrite {
  /** Control fields in the order they are written. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly control: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly mode: number }>
  readonly payload: readonly (PayloadEntry & { readonly bytes?: Uint8Array })[]
  /** Seconds since the epoch, for members that have no time of their own (SOURCE_DATE_EPOCH). */
  readonly epoch: number
}

/** Where one index of a repository lies and what it must be. */
export interface RepositoryIndex {
  /** Path below the suite's directory: `main/binary-amd64/Packages.xz`. */
  readonly path: string
  readonly size: number
  readonly sha256: string
}

/** The signed top of a repository. */
export interface RepositoryHead {
  readonly origin: string
  readonly label: string
  readonly suite: string
  readonly codename: string
  /** ISO 8601, UTC. */
  readonly date: string
  readonly validUntil?: string
  readonly architectures: readonly string[]
  readonly components: readonly string[]
  readonly indexes: readonly RepositoryIndex[]
}

export interface RepositoryToWrite {
  readonly origin: string
  readonly label: string
  readonly suite: string
  readonly codename: string
  readonly description: string
  readonly architectures: readonly string[]
  readonly component: string
  /** Seconds since the epoch: the Release file's Date. */
  readonly date: number
  /** Seconds since the epoch after which clients refuse this state (freeze protection); absent: never. */
  readonly validUntil?: number
  /** Every package of the repository with its file's control fields; `filename` is relative to the repository's base. */
  readonly packages: readonly PublishedPackage[]
}

export interface PublishedPackage {
  readonly record: PackageRecord
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Where the package file lies now. It is linked or copied to `record.filename`. */
  readonly path: string
}

/** Signs an index's top as the native clients expect. deb: the InRelease and Release.gpg forms. */
export interface RepositorySigner {
  clearSign(text: string): Promise<string>
  detachSign(text: string): Promise<string>
}

export interface Format {
  readonly name: FormatName
  /** Total order of two version strings, as the native tool has it. */
  compareVersions(a: string, b: string): Ordering
  /** True if `version` stands in `operator` relation to `wanted`. @throws RELATION_MALFORMED */
  satisfies(version: string, operator: string, wanted: string): boolean
  /** @throws RELATION_MALFORMED */
  parseDependencies(text: string): Dependencies
  /** Every stanza of an index (uncompressed). @throws REPOSITORY_MALFORMED */
  parseIndex(bytes: Uint8Array): PackageRecord[]
  /**
   * Reads a package file by streaming; `record.size` and `record.sha256` are the file's own. Without `visit` the payload is not decompressed.
   * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and what `visit` throws
   */
  readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile>
  /** Writes a package file: same input, same bytes. @throws PACKAGE_UNWRITABLE */
  writePackage(path: string, content: PackageToWrite): Promise<void>
  /** Parses a repository's signed top, its signature already checked. @throws REPOSITORY_MALFORMED */
  parseHead(text: string): RepositoryHead
  /**
   * Writes a repository's files below `base`, its signed top last (invariant 1).
   * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_DIGEST_MISMATCH, REPOSITORY_UNWRITABLE
   */
  writeRepository(base: string, repository: RepositoryToWrite, signer: RepositorySigner): Promise<void>
  /** The installed packages of a root directory, sorted by name and architecture. @throws INSTALLED_MALFORMED */
  readInstalled(root: string): InstalledPackage[]
}
