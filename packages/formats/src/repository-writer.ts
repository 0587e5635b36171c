import type { SourceFile } from './deb/sources.ts'
import type { RepositoryIndex } from './upstream-reader.ts'
import type { Compression, InspectedPackage, PackageRecord } from './types.ts'

/*
 * How a format writes repositories of ours. The work is cut so that a package is rendered once, when it is taken in, and publishing is
 * concatenation, compression of what changed, hashing, signing and one swap of a pointer. The publisher itself (packages/repository) knows no format.
 */

/** One package as a repository lists it, rendered once. */
export interface RepositoryEntry {
  /** With `filename`: where the package file lies below the base. */
  readonly record: PackageRecord
  /** What it adds to each index, by the index's `part`: bytes that stand in the index as they are. */
  readonly parts: Readonly<Record<string, Buffer>>
}

/** What a repository is called and what it holds, beside its packages. */
export interface RepositorySettings {
  readonly origin: string
  readonly label: string
  /** deb: the suite. alpm: the repository's name. */
  readonly suite: string
  readonly codename: string
  readonly description: string
  /** deb: `main`. */
  readonly component: string
  /** deb: whether Contents indexes are written, which apt-file searches. Default: false. */
  readonly contents?: boolean
  /** rpm: how the indexes are compressed; repomd.xml can name one form of each. Default: `gz`, which every client reads. */
  readonly compression?: 'gz' | 'zst'
  /** rpm: what updateinfo says of the packages. Default: none, and no updateinfo. */
  readonly advisories?: readonly DeclaredAdvisory[]
  readonly architectures: readonly string[]
  /** The address under which clients find the base, where an index or a mirror list says it: `https://packages.acme.example/rpm`. */
  readonly url?: string
  /** Seconds since the epoch: the time of this state. */
  readonly date: number
  /** Seconds since the epoch after which clients refuse this state (freeze protection); absent: never. */
  readonly validUntil?: number
  /** The key that package files are signed with, where an index names it: xbps' index-meta.plist. `prepare` puts it here. */
  readonly packageKey?: RsaPublicKey
}

/** A distribution's own statement: which versions of its packages mend what. */
export interface DeclaredAdvisory {
  /** `ACME-2026-1` */
  readonly id: string
  readonly type: 'security' | 'bugfix' | 'enhancement' | 'newpackage'
  readonly severity: 'critical' | 'important' | 'moderate' | 'low' | ''
  readonly title: string
  readonly description: string
  /** ISO 8601, UTC. */
  readonly issued: string
  readonly updated?: string
  readonly cves: readonly string[]
  /** Addresses. */
  readonly references: readonly string[]
  /** The first version that is mended, by source package. */
  readonly fixed: Readonly<Record<string, string>>
}

/** An RSA key's public half: PEM (SubjectPublicKeyInfo), its size in bits, whose it is. */
export interface RsaPublicKey {
  readonly pem: string
  readonly bits: number
  readonly signedBy: string
}

/** One index to write: the entries of one architecture, in order, between an opening and a closing. */
export interface IndexToWrite {
  /** Names it among the indexes of this repository: `main/binary-amd64/Packages`, `primary`, `db`. */
  readonly name: string
  /** Which part of an entry stands in it. */
  readonly part: string
  /** The packages it lists: those of these architectures. Several indexes of one list share its chunks. */
  readonly architectures: readonly string[]
  /** True where it is not written as long as no entry has something in it. */
  readonly optional?: true
  /**
   * Bytes before the first and after the last entry: `count` entries, `size` their bytes together, uncompressed (a tar header before the
   * one member that holds them all, as in xbps' repodata, names that size).
   */
  opening(count: number, size: number): Buffer
  closing(count: number, size: number): Buffer
  /**
   * The forms that are written; members, streams and frames are concatenated (RFC 1952 §2.2, xz format §2, RFC 8878 §3). The uncompressed
   * index is known by {@link WrittenIndex.open} whether or not `none` is among them: leave it out where no client needs it as a file.
   */
  readonly forms: readonly { readonly compression: Compression; readonly level: number }[]
  /** Where a form lies for ever, below the base; undefined where the format cannot have it (alpm, xbps: the index is a top). */
  path?(form: Compression, sha256: string): string
}

/** An index that says something of all packages together, and so cannot be put together of entries: made anew for each state. */
export interface WholeIndexToWrite {
  /** `main/Contents-amd64`, `updateinfo`. */
  readonly name: string
  readonly architectures: readonly string[]
  readonly form: { readonly compression: Compression; readonly level: number }
  /** Whether `render` wants the paths of each package; else they are empty. */
  readonly wantsPaths: boolean
  /** Where it lies for ever, below the base. */
  path(sha256: string): string
  render(packages: readonly { readonly record: PackageRecord; readonly paths: readonly string[] }[]): string
}

/** An index as written. */
export interface WrittenIndex {
  readonly name: string
  readonly compression: Compression
  readonly size: number
  readonly sha256: string
  /** Of the uncompressed index. */
  readonly open: { readonly size: number; readonly sha256: string }
  /** The file that holds the bytes now. */
  readonly file: string
}

/** A file that changes from state to state under one name. All tops of a repository change together, by one rename. */
export interface RepositoryTop {
  /** Path below the base. */
  readonly path: string
  /** Its bytes, or the index whose bytes it is. */
  readonly content: Buffer | WrittenIndex
}

/** Signs what the native clients check. Nothing here can read the key. */
export interface RepositorySigner {
  /** The InRelease form (RFC 4880 §7). */
  clearSign(text: string): Promise<string>
  /** An armored detached signature. */
  detachSign(bytes: string | Uint8Array): Promise<string>
  /** A binary detached OpenPGP signature: alpm packages, rpm headers. */
  signBinary(bytes: Uint8Array): Promise<Uint8Array>
  /** The same over a file, read by streaming. */
  signFile(path: string): Promise<Uint8Array>
  /** RSASSA-PKCS1-v1_5 over SHA-256 of the file, as xbps has it (.sig2). */
  signFileRsa(path: string): Promise<Uint8Array>
  /** The public half for {@link signFileRsa}. */
  rsaPublicKey(): Promise<RsaPublicKey>
  /** Whether a binary detached signature over these bytes is this signer's own. Absent: it cannot tell. */
  isOwn?(bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** How the package files of a format carry their signature inside (rpm). */
export interface PackageSigning {
  /**
   * SHA-256 of the file, and of all in it that a signature leaves as it is: of a package signed by whomever or by nobody the second is the
   * same. Both hex.
   * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED
   */
  digests(file: string): Promise<{ readonly file: string; readonly content: string }>
  /** Whether the signer's own signature is in it already. @throws as `digests` */
  isSigned(file: string, signer: RepositorySigner): Promise<boolean>
  /** The file's bytes with the signer's signature, in the place of what others signed. @throws as `digests`, and what the signer throws */
  sign(file: string, signer: RepositorySigner): AsyncGenerator<Buffer, void, undefined>
}

/** A source package that is several files, read from the one that names the others. */
export interface SourcePackage {
  /** Of the file that names the others: its size, its digest. `architecture` is one that no package is built for. */
  readonly record: PackageRecord
  /** SHA-256 of what a signature leaves as it is, hex: the same package signed anew, or by nobody, has the same. */
  readonly content: string
  /** The others, which lie beside it. */
  readonly files: readonly SourceFile[]
}

/** How source packages that are several files are written. */
export interface SourceWriter {
  /** Whether a file is one, by its name. */
  isSource(path: string): boolean
  /**
   * `path` stands in errors. A signature inside is not checked: what we publish, we sign.
   * @throws PACKAGE_MALFORMED
   */
  read(bytes: Uint8Array, path: string): SourcePackage
  /** Where it lies below the base. deb: `pool/main/h/hello/hello_2.10-3.dsc`. */
  path(record: PackageRecord, component: string): string
  /** As {@link RepositoryWriter.renderEntry}. @throws PACKAGE_MALFORMED, REPOSITORY_UNWRITABLE */
  renderEntry(bytes: Uint8Array, source: SourcePackage, path: string): RepositoryEntry
}

export interface RepositoryWriter {
  /** Absent where a source package is a package file like any other (rpm), or where there are none. */
  readonly sources?: SourceWriter
  /**
   * True where an index holds one version of a name (alpm: pacman calls two an inconsistent database; xbps: the index is a dictionary by
   * name): a repository lists the newest. Absent: all versions stand side by side.
   */
  readonly oneVersion?: true
  /**
   * Where clients fetch a top and its signature from an address that they were told in the request before (dnf: `mirrorlist=`): a file of
   * addresses, one in a line. With `url` set, the first is that of the state itself, where nothing ever changes. `packages`: the directory below
   * the base that holds the package files.
   */
  readonly mirrorlist?: { readonly path: string; readonly packages: string }
  /** True where the indexes can say what a distribution's advisories do; elsewhere {@link RepositorySettings.advisories} changes nothing. */
  readonly hasAdvisories?: true
  /** True where the indexes say nothing of a package's payload: `files`, `needed` and `provided` of what is rendered may be empty. */
  readonly metadataSuffices?: true
  /** How package files are signed inside, when they are taken in; absent where they are not. */
  readonly signing?: PackageSigning
  /** Where a package file lies below the base. deb: `pool/main/h/hello/hello_2.10-3_amd64.deb`. */
  packagePath(record: PackageRecord, component: string): string
  /**
   * Files that lie beside a package file for ever, made when it is taken in: alpm `.sig`, xbps `.sig2`. By path below the base.
   * The entry may hold the signature too (alpm %PGPSIG%), so this comes first.
   */
  companions(file: string, path: string, signer: RepositorySigner): Promise<ReadonlyMap<string, Buffer>>
  /**
   * Renders a package, `path` being where its file lies below the base.
   * @throws REPOSITORY_UNWRITABLE
   */
  renderEntry(inspected: InspectedPackage, path: string, companions: ReadonlyMap<string, Buffer>): RepositoryEntry
  /**
   * The same entry, what of its description is long in an index of its own (deb: Translation-en), which clients need not fetch. Absent where
   * the format has none.
   */
  withTranslation?(entry: RepositoryEntry): RepositoryEntry
  /**
   * The order of entries in every index: the key by which they are sorted, compared as text. It begins with the name and U+0000, so that all
   * versions of a package stand together, and no two of (name, version, architecture) share one.
   */
  sortKey(record: PackageRecord): string
  /**
   * The settings with what the indexes say of the signer; the result goes to `indexes` and `tops`. Absent where they say nothing:
   * `(await writer.prepare?.(settings, signer)) ?? settings`.
   */
  prepare?(settings: RepositorySettings, signer: RepositorySigner): Promise<RepositorySettings>
  indexes(settings: RepositorySettings): readonly IndexToWrite[]
  /** What the settings ask for beside: deb's Contents, rpm's updateinfo. */
  wholeIndexes?(settings: RepositorySettings): readonly WholeIndexToWrite[]
  /**
   * The tops of a state, made of its indexes (deb: Release, Release.gpg, InRelease; rpm: repomd.xml, its .asc; alpm: db and files db with
   * signatures; xbps: repodata with our signature), in no particular order: they appear together.
   */
  tops(
    settings: RepositorySettings,
    indexes: readonly WrittenIndex[],
    signer: RepositorySigner,
  ): Promise<readonly RepositoryTop[]>
  /** The indexes that a published top names, its signature not checked (our own disk): what must be kept. */
  indexesOf(top: Buffer): readonly RepositoryIndex[]
}
