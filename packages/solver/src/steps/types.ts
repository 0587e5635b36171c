import type { Candidate } from '../lock.ts'
import type { VersionRules } from '../types.ts'

/** A package that is on one side of a move, or on both. */
export interface StepPackage {
  readonly candidate: Candidate
  /** Its absolute paths, each with a word for what lies there: the same word, and two packages may share it. Directories where a format
   * holds them against each other, as `directory` and what it compares. */
  readonly files: ReadonlyMap<string, string>
  /** Sonames that its files have, and those that they need. */
  readonly sonames: { readonly provided: readonly string[]; readonly needed: readonly string[] }
  /** What its coming or going costs, weightiest first, none negative. Of a step they are summed one by one. */
  readonly effort: readonly number[]
}

export interface ClosedStepsOptions {
  readonly format: VersionRules
  /** The native architecture. */
  readonly architecture: string
  readonly before: readonly StepPackage[]
  readonly after: readonly StepPackage[]
  /** Names of packages of `after` that take the place of one of `before`, by its name; one of the same name always does. */
  readonly successors?: ReadonlyMap<string, readonly string[]>
  /** Names of packages of `before` that stay to the end. */
  readonly kept?: readonly string[]
}

/** Why a package moves in the same step as others: what would not hold if it did not. */
export type Tie =
  | { readonly kind: 'needs'; readonly package: string; readonly relation: string }
  | { readonly kind: 'against'; readonly package: string; readonly other: string }
  | { readonly kind: 'soname'; readonly package: string; readonly soname: string }
  | { readonly kind: 'path'; readonly package: string; readonly other: string; readonly path: string }
  /** Before and after there is a package, a file or a library of this name, and so there is in between. */
  | { readonly kind: 'lasting'; readonly what: 'package' | 'path' | 'soname'; readonly name: string }

export interface StepMove {
  readonly change: 'comes' | 'goes'
  readonly package: StepPackage
  /** Absent where the package moves alone, or from one version to another. */
  readonly tie?: Tie
}

export interface ClosedSteps {
  /** In their order; the moves of each sorted by name, what goes before what comes. */
  readonly steps: readonly (readonly StepMove[])[]
  /** What cannot move while what is kept stays. */
  readonly rest: readonly StepMove[]
}
