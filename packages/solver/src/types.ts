import type { Dependencies, Format, Relation } from '@holotype/formats'
import type { Candidate, LockedPackage } from './lock.ts'

/** A package's place in {@link Universe.candidates}. */
export type CandidateId = number

/** A candidate that offers a name that is not its own. */
export interface Provider {
  readonly candidate: CandidateId
  /** What its Provides says: the name, perhaps a version, perhaps an architecture. */
  readonly provides: Relation
}

/** Every candidate, indexed once; any number of resolves may share it. Made by `prepareUniverse`, never changed. */
export interface Universe {
  readonly format: Format
  /** The native architecture: `all` counts as it. */
  readonly architecture: string
  /** By name, then the preferred first: native architecture, higher priority, newer version. */
  readonly candidates: readonly Candidate[]
  readonly byName: ReadonlyMap<string, readonly CandidateId[]>
  readonly providers: ReadonlyMap<string, readonly Provider[]>
  /** Names of packages that are Essential, sorted. */
  readonly essential: readonly string[]
}

export interface ResolveRequest {
  readonly format: Format
  readonly architecture: string
  /** `name`, `name=version`, `name:architecture` or `name:architecture=version`. */
  readonly install: readonly string[]
  /** What may be chosen: a plain list, or a prepared universe that several resolves share. */
  readonly candidates: readonly Candidate[] | Universe
  /** Also take recommended packages where they can be installed. Default: false. */
  readonly recommends?: boolean
  /** Names of packages that must not be chosen. */
  readonly exclude?: readonly string[]
  /** An earlier result: its versions are preferred wherever they still fit. */
  readonly locked?: readonly LockedPackage[]
  /** More that must hold, for example a source package's Build-Depends. */
  readonly extra?: Dependencies
  /** Also take every Essential package and what it depends on. Default: true. */
  readonly essential?: boolean
  /** Who asks, as explanations name it (`web`). Default: `the request`. */
  readonly subject?: string
}

/** Who brought a package in first. */
export interface Reason {
  /** The name of a package, or the request's subject. */
  readonly by: string
  /** The relation as a control file writes it: `libc6 (>= 2.36) | libc6-udeb`. */
  readonly relation: string
}

export interface Resolution {
  /** Sorted by name, then architecture. */
  readonly packages: readonly Candidate[]
  /** By `name:architecture`. */
  readonly why: ReadonlyMap<string, Reason>
}
