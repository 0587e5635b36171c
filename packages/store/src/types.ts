import type { Digest } from '@holotype/base'

/** What every entry of a tree has. */
interface Metadata {
  /** One path part, UTF-8. */
  readonly name: string
  /** Permission bits incl. setuid, setgid, sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** Extended attributes, values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>
}

export interface FileEntry extends Metadata {
  readonly type: 'file'
  readonly digest: Digest
  readonly size: number
}

export interface DirectoryEntry extends Metadata {
  readonly type: 'directory'
  readonly tree: Digest
  readonly stats: TreeStats
}

export interface SymlinkEntry extends Metadata {
  readonly type: 'symlink'
  readonly target: string
}

export interface DeviceEntry extends Metadata {
  readonly type: 'character' | 'block'
  readonly major: number
  readonly minor: number
}

export interface FifoEntry extends Metadata {
  readonly type: 'fifo'
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | DeviceEntry | FifoEntry
export type LeafEntry = Exclude<Entry, DirectoryEntry>

/** Sums over everything below a directory, so that sizes are answered without walking. */
export interface TreeStats {
  /** Everything that is not a directory: regular files, symlinks, devices, fifos. */
  readonly files: number
  readonly directories: number
  /** Bytes of all regular files below, each path counted. */
  readonly bytes: number
  /** The newest mtime below, seconds since the epoch; 0 for an empty directory. */
  readonly newest: number
}

/** A directory object: its bytes are the canonical JSON of this, its digest their SHA-256. */
export interface Tree {
  readonly schema: 'holotype.tree/1'
  /** Sorted by name, by UTF-16 code unit. */
  readonly entries: readonly Entry[]
  readonly stats: TreeStats
}

/**
 * Objects by digest on one disk. Reads verify; writes are idempotent and leave either nothing or the whole object.
 * Methods are synchronous: they are for command-line programs and workers, never for a server's request path.
 *
 * Writes are not durable one by one (an fsync each would cost an image of 20,000 objects 20 s): call `flush` before anything
 * that must outlive a power cut names what was put.
 */
export interface Store {
  readonly directory: string
  has(digest: Digest): boolean
  /** Stores bytes. An object that is there costs one hash and one stat. @throws DISK_FULL */
  put(bytes: Uint8Array): Digest
  /** Stores a file's bytes by streaming, its digest checked when one is expected. @throws STORE_DIGEST_MISMATCH, DISK_FULL */
  putStream(
    source: AsyncIterable<Uint8Array>,
    expected?: Digest,
  ): Promise<{ readonly digest: Digest; readonly size: number }>
  /** An object's bytes, verified. @throws OBJECT_MISSING, OBJECT_CORRUPT */
  read(digest: Digest): Buffer
  /** Bytes of an object by its file's size; not verified. @throws OBJECT_MISSING */
  sizeOf(digest: Digest): number
  /** Where an object lies, for linking, copying and streaming; not verified. Never write to it. @throws OBJECT_MISSING */
  pathOf(digest: Digest): string
  /** Stores a directory from its entries in any order; sorts and sums. @throws TREE_INVALID, DISK_FULL */
  putTree(entries: readonly Entry[]): { readonly digest: Digest; readonly stats: TreeStats }
  /** @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID */
  readTree(digest: Digest): Tree
  /** Stores a plain JSON value in canonical form (whole numbers only). @throws TypeError, DISK_FULL */
  putJson(value: unknown): Digest
  /** @throws OBJECT_MISSING, OBJECT_CORRUPT */
  readJson(digest: Digest): unknown
  /**
   * A small note under a key (`unpacked/<hex>` → a digest): what was computed once. Overwrites. It is believed at once, by every
   * process; after a reboot only when a `flush` came after it, so that it never names objects that a power cut took.
   * @throws NOTE_KEY_INVALID, DISK_FULL
   */
  remember(key: string, value: string): void
  recall(key: string): string | undefined
  /** Makes all that was put and remembered so far durable (syncfs). @throws PROCESS_FAILED */
  flush(): Promise<void>
}

/** What `buildTree` takes for one path. Names come from the path, and a directory's tree and sums from what lies below. */
export interface PathInput {
  /** Relative, `/`-separated, no leading slash, no `.` or `..`; '' is the root and may be left out. */
  readonly path: string
  readonly entry: EntryInput
}

type Nameless<Kind> = Kind extends Metadata ? Omit<Kind, 'name'> : never

/** An entry without its name; a directory without its tree and sums too. */
export type EntryInput = Nameless<LeafEntry> | Omit<DirectoryEntry, 'name' | 'tree' | 'stats'>

/** One path that differs between two trees. */
export interface TreeChange {
  readonly path: string
  readonly before?: Entry
  readonly after?: Entry
}

/** What `writePack` made. */
export interface WrittenPack {
  /** The digest of the PackIndex, an object, and its bytes. */
  readonly index: Digest
  readonly indexSize: number
  /** The digest of the pack, an object. */
  readonly pack: Digest
  /** Bytes of the pack. */
  readonly size: number
  /** How many objects it holds, and their bytes before compression. */
  readonly objects: number
  readonly raw: number
}

/** A path of a whole image with what lies there. */
export interface PathEntry {
  /** Relative to the root, `/`-separated, no leading slash; '' is the root. */
  readonly path: string
  readonly entry: Entry
}

/**
 * Where each object of a pack lies. A pack is zstd frames one after another; a frame holds one or more whole objects one after another.
 * A range request for `[offset, offset + length)` gets one frame.
 */
export interface PackIndex {
  readonly schema: 'holotype.pack/1'
  readonly pack: Digest
  /** Bytes of the pack. */
  readonly size: number
  readonly frames: readonly PackFrame[]
}

export interface PackFrame {
  readonly offset: number
  /** Compressed bytes. */
  readonly length: number
  /** Bytes when decompressed: the sum of the objects' sizes. */
  readonly size: number
  /** In order, back to back. */
  readonly objects: readonly { readonly digest: Digest; readonly size: number }[]
}

/** Bytes of one object: `[offset, offset + length)` of the `size` that it has. */
export interface Piece {
  readonly digest: Digest
  /** The object is a gzip file, and the bytes are what is inside, all of it: `gzip -9n` makes a new object of them again. */
  readonly gzip?: true
  readonly size: number
  readonly offset: number
  readonly length: number
}

/**
 * What leads from one tree to another: everything that the second holds and the first does not. A delta is zstd frames one after another;
 * each leads from the bytes of `bases`, objects of the first tree back to back, to new ones.
 */
export interface DeltaIndex {
  readonly schema: 'holotype.delta/2'
  /** The two trees. */
  readonly from: Digest
  readonly to: Digest
  /** The digest of the frames, an object. */
  readonly pack: Digest
  /** Bytes of the frames together. */
  readonly size: number
  readonly frames: readonly DeltaFrame[]
}

export interface DeltaFrame {
  readonly offset: number
  /** Compressed bytes. */
  readonly length: number
  /** What the frame is compressed against; empty when nothing old resembles it. */
  readonly bases: readonly Piece[]
  /** What the frame is: bytes compressed with the bases as dictionary (RFC 8878 §5, raw content), or what differs from them. */
  readonly coding: 'dictionary' | 'difference'
  /** What it decompresses to, back to back. An object in several pieces has them in frames that follow each other. */
  readonly pieces: readonly Piece[]
}

/** What `writeDelta` made. */
export interface WrittenDelta {
  /** The digest of the index, an object, and its bytes: read it with `openDeltaIndex`. */
  readonly index: Digest
  readonly indexSize: number
  /** The digest of the frames, an object. */
  readonly pack: Digest
  /** Bytes of the frames. */
  readonly size: number
  /** Bytes of both objects: what a node fetches. */
  readonly fetched: number
  /** How many files it holds, how many of them as what differs from an old one, and their bytes before compression. */
  readonly objects: number
  readonly patched: number
  readonly raw: number
}
