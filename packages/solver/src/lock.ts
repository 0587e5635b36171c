import type { Digest } from '@holotype/base'
import type { FormatName, PackageRecord } from '@holotype/formats'

/** A package as a lock names it: its exact bytes, and where they were found. */
export interface LockedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly sourceVersion: string
  /** Bytes of the package file. */
  readonly size: number
  readonly sha256: string
  /** The name of the snapshot it was found in. */
  readonly from: string
}

/** The exact packages of one image, by digest. Committed to git as `images/NAME.lock`. */
export interface Lock {
  readonly schema: 'holotype.lock/1'
  readonly image: string
  readonly format: FormatName
  readonly architecture: string
  /** Stands for what was asked for: another spec needs another lock. Absent: nobody says. */
  readonly asked?: Digest
  /** The snapshots it was resolved from, by name. */
  readonly snapshots: Readonly<Record<string, Digest>>
  /** Sorted by name, then architecture. */
  readonly packages: readonly LockedPackage[]
}

/** A package that may be chosen, with the snapshot that offers it and that snapshot's priority (higher wins before version). */
export interface Candidate {
  readonly record: PackageRecord
  readonly from: string
  readonly priority: number
}
