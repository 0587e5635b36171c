import type { ElfSonames } from './elf/sonames.ts'
import type { RepositoryWriter } from './repository-writer.ts'
import type { UpstreamReader } from './upstream-reader.ts'

/** The family's interface: what every package format offers to the rest of the house. Nothing above this package knows which member it holds. */

export type FormatName = 'deb' | 'alpm' | 'rpm' | 'xbps'

export type Ordering = -1 | 0 | 1

/** A version split into its parts, once, for many comparisons. */
export interface ParsedVersion {
  /** A bigint where a number would lose digits: rpm takes epochs of any length. The two compare by value. */
  readonly epoch: number | bigint
  /** deb: upstream version; rpm: Version; alpm: pkgver; xbps: the version before `_`. */
  readonly upstream: string
  /** deb: Debian revision; rpm: Release; alpm: pkgrel; xbps: revision. '' when there is none. */
  readonly revision: string
}

/** One package that satisfies a relation: `libc6:any (>= 2.36)` without the parts that are absent. */
export interface Relation {
  /** A package's name or what one provides: a virtual package, an rpm capability or absolute path, an xbps soname. */
  readonly name: string
  /** The format's own: deb `<<` `<=` `=` `>=` `>>`; the others `<` `<=` `=` `>=` `>`. */
  readonly operator?: string
  readonly version?: string
  /** The architecture qualifier: `any`, `native` or an architecture. */
  readonly architecture?: string
  /** The relation holds when no chosen package satisfies it: how rpm's `if` and `unless` stand in a list of alternatives. */
  readonly negated?: true
  /** rpm `with`: whatever satisfies this relation must satisfy these too. */
  readonly with?: readonly Relation[]
  /** rpm `without`: whatever satisfies this relation must satisfy none of these. */
  readonly without?: readonly Relation[]
}

/** All must hold; of each inner list one suffices, the first being preferred. rpm's rich dependencies are brought into this form. */
export type Dependencies = readonly (readonly Relation[])[]

/** A package as a repository's index lists it. Names follow the deb control fields; other formats map onto them. What is optional is absent when empty. */
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
  /** deb: packages whose files this one may overwrite. */
  readonly replaces: readonly Relation[]
  /** Packages by name that this one takes the place of: rpm Obsoletes, alpm and xbps replaces. */
  readonly obsoletes?: readonly Relation[]
  /** rpm Supplements: wanted, as if recommended, where these hold. */
  readonly supplements?: Dependencies
  /** Groups a request may name: alpm groups. */
  readonly groups?: readonly string[]
  /** Absolute paths that the index lists, for rpm's file requires. */
  readonly files?: readonly string[]
  /** Sonames of the libraries it needs and of those it has, where the index says so: xbps shlib-requires, shlib-provides. */
  readonly shlibRequires?: readonly string[]
  readonly shlibProvides?: readonly string[]
  /** Bytes of the package file. */
  readonly size: number
  /** KiB when installed, as the package states it. */
  readonly installedSize: number
  /** 64 hex digits; '' where the index has another digest only. */
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

/** A script that the native tool runs when it installs or removes the package. */
export interface PackageScript {
  /** The native name: deb `postinst`; rpm `postin`, `triggerin` …; alpm `post_install`; xbps `INSTALL`. */
  readonly name: string
  /** The interpreter with its arguments: `['/bin/sh']`, `['<lua>']`. */
  readonly interpreter: readonly string[]
  readonly text: string
}

/** One entry of a package's changelog, the newest first in a list of them. */
export interface ChangelogEntry {
  readonly version: string
  /** Who: `Name <address>`. */
  readonly author: string
  /** ISO 8601. */
  readonly date: string
  readonly text: string
}

/** What a package file says of itself, without its payload. */
export interface PackageFile {
  /** The record an index would hold, but for `filename`. */
  readonly record: PackageRecord
  /** Every control field in file order: the native names and values, continuation lines as they stand in the file. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** The metadata beside the fields, by name, with bytes and mode. deb: members of control.tar (`postinst`, `conffiles` …); alpm: `.INSTALL`, `.BUILDINFO` …; xbps: `INSTALL`, `REMOVE`. rpm: none. */
  readonly control: ReadonlyMap<string, { readonly bytes: Buffer; readonly mode: number }>
  readonly scripts: readonly PackageScript[]
  /** The changelog where the package's metadata holds it (rpm). A deb's lies in its payload: `inspectPackage` finds both. */
  readonly changelog: readonly ChangelogEntry[]
}

/** A payload member with the digest of a file's bytes. */
export interface InspectedEntry extends PayloadEntry {
  /** 64 hex digits, of files. */
  readonly sha256?: string
  /** Of ELF files: the sonames it needs and its own. */
  readonly sonames?: ElfSonames
}

/** A package file read whole. */
export interface InspectedPackage extends PackageFile {
  readonly files: readonly InspectedEntry[]
  /** Sonames that its ELF files need (DT_NEEDED) and those its libraries have (DT_SONAME), each sorted, once. */
  readonly needed: readonly string[]
  readonly provided: readonly string[]
}

/** Called for every payload member in archive order. A file's `content` must be read to its end, or not at all, before the promise settles. */
export type PayloadVisitor = (entry: PayloadEntry, content: AsyncIterable<Uint8Array>) => Promise<void> | void

/** A package that a root's installed database holds. */
export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  /** The native state: for dpkg the third word of Status (`installed`, `half-configured` …); `installed` elsewhere. */
  readonly state: string
  /** Where it came from, where the database tells: the repository (xbps), the packager or vendor (rpm, alpm). */
  readonly origin?: string
}

/** A payload member to write. Of a file its content is given as bytes, or as a stream where it need not be held in memory. */
export interface PayloadToWrite extends PayloadEntry {
  readonly bytes?: Uint8Array
  /**
   * Opens the file's content, `size` bytes, from its start: called up to twice, and both must give the same. A chunk is used up before the next
   * is asked for, so that it may be one buffer filled again.
   */
  readonly open?: () => AsyncIterable<Uint8Array>
}

export interface PackageToWrite {
  /** The native fields in the order they are written; a list's members are fields of the same name (alpm `depend`, rpm `Requires`). */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly control: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly mode: number }>
  readonly payload: readonly PayloadToWrite[]
  /** Seconds since the epoch, for members that have no time of their own (SOURCE_DATE_EPOCH). */
  readonly epoch: number
  /** How the payload is compressed; absent: the format's own default. @see Compression */
  readonly compression?: Compression
}

export type Compression = 'none' | 'gz' | 'xz' | 'zst' | 'bz2' | 'lzma'

export interface Format {
  readonly name: FormatName
  /** Splits a version; what does not parse is ordered all the same. */
  parseVersion(text: string): ParsedVersion
  /** The order of two split versions: what `compareVersions` does after splitting. */
  compareParsed(a: ParsedVersion, b: ParsedVersion): Ordering
  /** Total order of two version strings, as the native tool has it. */
  compareVersions(a: string, b: string): Ordering
  /** True if `version` stands in `operator` relation to `wanted`. @throws RELATION_MALFORMED */
  satisfies(version: string, operator: string, wanted: string): boolean
  /** @throws RELATION_MALFORMED */
  parseDependencies(text: string): Dependencies
  /**
   * Every package of an index, uncompressed. deb: Packages; rpm: primary.xml; alpm: the tar of a db; xbps: the tar of a repodata.
   * @throws REPOSITORY_MALFORMED
   */
  parseIndex(bytes: Uint8Array): PackageRecord[]
  /**
   * The same index, its records parsed when they are asked for: for who needs some thousands of many. Absent where the form of the index does not
   * lend itself to it. @throws REPOSITORY_MALFORMED
   */
  openIndex?(bytes: Uint8Array): PackageIndex
  /** What `parseIndex` gives, one after another: what is not kept takes no memory. Where it is absent, `openIndex` does as well. @throws REPOSITORY_MALFORMED */
  packagesOf?(bytes: Uint8Array): Iterable<PackageRecord>
  /**
   * Reads a package file by streaming; `record.size` and `record.sha256` are the file's own. Without `visit` the payload is not decompressed.
   * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and what `visit` throws
   */
  readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile>
  /**
   * Writes a package file: same input, same bytes, whether a file's content comes as bytes or as a stream. Nothing is left of one that fails.
   * @throws PACKAGE_UNWRITABLE, also for a content of another size than its entry says; DISK_FULL, and what a stream throws
   */
  writePackage(path: string, content: PackageToWrite): Promise<void>
  /** The installed packages of a root directory, sorted by name and architecture. @throws INSTALLED_MALFORMED */
  readInstalled(root: string): InstalledPackage[]
  /** How repositories of others are read. */
  readonly upstream: UpstreamReader
  /** How our own repositories are written. */
  readonly repository: RepositoryWriter
}

/** An index whose packages are parsed when they are asked for. A package is known by its place in it, from 0. */
export interface PackageIndex {
  readonly size: number
  /** Places of packages that may be Essential. */
  readonly essential: readonly number[]
  /** Places of the packages of a name. */
  named(name: string): readonly number[]
  /** Places of the packages whose Provides hold a name; of a path, also those whose files the index lists. */
  providing(name: string): readonly number[]
  /** rpm: places of the packages whose Obsoletes, whose Supplements name this. Absent: no package has any. */
  obsoleting?(name: string): readonly number[]
  supplementing?(name: string): readonly number[]
  /** rpm: the absolute paths that relations name. */
  readonly paths?: ReadonlySet<string>
  /** Names of all packages, each once. */
  names(): Iterable<string>
  /** @throws REPOSITORY_MALFORMED */
  record(place: number): PackageRecord
}
