import type { Digest } from '@holotype/base'
import type { DirectoryEntry, FileEntry, LeafEntry } from '@holotype/store'

/** How a path is not as the image has it. */
export type DifferenceKind =
  | 'missing'
  | 'extra'
  | 'type'
  | 'content'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'target'
  | 'device'
  | 'xattrs'
  | 'links'

/** One path that is not as the image has it. */
export interface Difference {
  /** Absolute, as seen from the root. */
  readonly path: string
  readonly kinds: readonly DifferenceKind[]
}

/** A directory's own metadata, the root's too. */
export type DirectoryMetadata = Pick<DirectoryEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>

export interface DirectoryWork {
  readonly path: string
  readonly entry: DirectoryMetadata
  /** What has to be unlinked first. */
  readonly replaces: 'nothing' | 'leaf'
}

export interface LeafWork {
  readonly path: string
  readonly entry: LeafEntry
  /** What lies in the place of the leaf when that is a directory: it is set aside and removed at the end, these below it, children first. */
  readonly retire?: readonly Removal[]
  /** Set for each name of a file that has several: the path of the first, which all are one inode with. */
  readonly link?: string
}

export interface MetadataWork {
  readonly path: string
  readonly entry: FileEntry
}

export interface Removal {
  /** Absolute as seen from the root; in `LeafWork.retire` relative to the directory, '' being itself. See names.ts for what is not UTF-8. */
  readonly path: string
  readonly type: 'leaf' | 'directory'
}

export interface FinishingWork {
  readonly path: string
  readonly entry: DirectoryMetadata
  /** False: its mtime is not ours. */
  readonly mtime: boolean
  /** Set when its extended attributes are not as they should be: `extra` are those it has too much or with another value. */
  readonly xattrs?: { readonly extra: readonly string[] }
}

/** What leads from the actual tree to the ideal one. Paths are absolute as seen from the root; the root itself is `/`. */
export interface Plan {
  /** To make, parents first. */
  readonly directories: readonly DirectoryWork[]
  readonly leaves: readonly LeafWork[]
  /** Files whose bytes are right and whose mode, owner or mtime is not. */
  readonly metadata: readonly MetadataWork[]
  /** Children first. */
  readonly removals: readonly Removal[]
  /** Directories whose metadata is set at the end, children first. */
  readonly finishing: readonly FinishingWork[]
  /** Everything that differs, also a directory's mtime alone. In names, here and below, what is not UTF-8 is U+FFFD. */
  readonly differences: readonly Difference[]
  /** Of these, paths that differed from the image the node claimed to be at. */
  readonly drift: readonly string[]
  /** Paths of the image that cannot be put: an exclusion or a mount is in the way. */
  readonly blocked: readonly string[]
  /** Files that hold bytes the image has somewhere, by digest: a source that need not be fetched. */
  readonly held: ReadonlyMap<Digest, string>
  /** Paths looked at. */
  readonly paths: number
  /** Paths that the image has. */
  readonly wanted: number
}

/** True when nothing is to be done. */
export function isEmptyPlan(plan: Plan): boolean {
  return plan.differences.length === 0
}

/** What a plan changes that a trigger may care for: all but times alone. */
export function changedPaths(plan: Plan): string[] {
  return plan.differences.filter(({ kinds }) => kinds.some((kind) => kind !== 'mtime')).map(({ path }) => path)
}
