import type { Dependencies, Format, PackageIndex, Relation } from '@holotype/formats'
import type { Language } from './languages.ts'
import type { Candidate, LockedPackage } from './lock.ts'

/** A candidate's number: from 0, below {@link Universe.size}. */
export type CandidateId = number

/** What the solver needs of a format: which it is, and how its versions are ordered. */
export type VersionRules = Pick<Format, 'name' | 'compareVersions' | 'satisfies'>

/** A candidate that offers a name that is not its own. */
export interface Provider {
  readonly candidate: CandidateId
  /** What it offers: a Provides with perhaps a version or an architecture, a file's path, a library's soname. */
  readonly provides: Relation
}

/** An index whose packages all have one origin. Its records are parsed when they are looked at. */
export interface Catalogue {
  readonly index: PackageIndex
  /** The name of the snapshot. */
  readonly from: string
  /** The higher wins before any version. */
  readonly priority: number
}

/**
 * Every candidate, looked up by name; any number of resolves may share it. Made by `prepareUniverse`. What it answers never changes, and does
 * not depend on the order in which candidates were given. Lists are preferred first: by name, native architecture, higher priority, newer version.
 */
export interface Universe {
  readonly format: VersionRules
  readonly language: Language
  /** The native architecture. */
  readonly architecture: string
  readonly size: number
  candidate(id: CandidateId): Candidate
  named(name: string): readonly CandidateId[]
  providing(name: string): readonly Provider[]
  /** Members of a group that a request may name. */
  inGroup(name: string): readonly CandidateId[]
  /** What obsoletes some version of a name. */
  obsoleting(name: string): readonly CandidateId[]
  /** What supplements something of that name. */
  supplementing(name: string): readonly CandidateId[]
  /** Names of packages that are Essential, sorted. */
  readonly essential: readonly string[]
  /** Names of all packages; one may come more than once. */
  names(): Iterable<string>
}

/** Where a package must come from, or which version it must be. */
export interface Pin {
  readonly name: string
  readonly version?: string
  /** The name of a snapshot. */
  readonly from?: string
}

/** What a resolve must keep to besides the relations of packages. */
export interface Policy {
  /** Names of packages that must not be chosen. */
  readonly exclude?: readonly string[]
  /** An earlier result: its versions are preferred wherever they still fit. */
  readonly locked?: readonly LockedPackage[]
  /** Of what is locked and still needed, nothing moves but what must: no larger part of it could stay. Default: false. */
  readonly minimalChange?: boolean
  /** Packages that may be chosen in one version or from one snapshot alone. */
  readonly pinned?: readonly Pin[]
  /** Names of locked packages that stay as they are, also where nothing needs them any more. */
  readonly held?: readonly string[]
  /** Names of packages that may stand beside other versions of themselves (rpm: kernels and what else is installonly). */
  readonly several?: readonly string[]
}

export interface ResolveRequest extends Policy {
  readonly format: VersionRules
  readonly architecture: string
  /** `name`, `name=version`, `name>=version`, `name:architecture` …, a path (rpm), or `@group` for all its members. */
  readonly install: readonly string[]
  /** What may be chosen: a plain list, or a prepared universe that several resolves share. */
  readonly candidates: readonly Candidate[] | Universe
  /** Also take recommended packages, and those that supplement what is there, where they can be installed. Default: false. */
  readonly recommends?: boolean
  /** More that must hold, for example a source package's Build-Depends. */
  readonly extra?: Dependencies
  /** Also take every Essential package and what it depends on. Default: true. */
  readonly essential?: boolean
  /** Who asks, as explanations name it (`web`). Default: `the request`. */
  readonly subject?: string
}

/** Who brought a package in first. */
export interface Reason {
  /** The name of a package, or the request's subject, or `essential`. */
  readonly by: string
  /** The package that is `by`, as `name:architecture`; absent where it is no package. */
  readonly key?: string
  /** The relation as a control file writes it: `libc6 (>= 2.36) | libc6-udeb`. */
  readonly relation: string
}

export interface Resolution {
  /** Sorted by name, then architecture. */
  readonly packages: readonly Candidate[]
  /** By `name:architecture`. Following `key` leads to the request by the shortest way. */
  readonly why: ReadonlyMap<string, Reason>
}
