import type { Digest } from '@holotype/base'
import type { Recipe } from '@holotype/distribution'
import type { Dependencies } from '@holotype/formats'

/** What a recipe's source says of itself before it is built. */
export interface SourceFacts {
  readonly source: string
  readonly version: string
  /** Seconds since the epoch of its newest changelog entry: SOURCE_DATE_EPOCH. */
  readonly epoch: number
  readonly buildDepends: Dependencies
}

/** One recipe family: how sources of this ecosystem are read and built. The same names in each member. */
export interface RecipeFamily {
  /** Packages every build of the family needs. */
  readonly toolchain: readonly string[]
  /** @throws BUILD_SOURCE_MALFORMED */
  readSource(directory: string, architecture: string): SourceFacts
  /** The command that builds, run in {@link BUILD_DIRECTORY} of the sandbox. */
  readonly command: readonly [string, ...string[]]
  /** Which files of the directory above the source are packages. */
  isPackage(file: string): boolean
}

/** Where the source lies inside the sandbox: the same on every machine, since compilers write it down. */
export const BUILD_DIRECTORY = '/build/source'

/** One attempt to build a recipe. Every attempt and its log is kept. */
export interface BuildRecord {
  readonly schema: 'holotype.build/1'
  readonly recipe: string
  readonly attempt: number
  readonly source: string
  readonly version: string
  readonly outcome: 'built' | 'failed'
  /** ISO 8601, UTC. */
  readonly started: string
  readonly milliseconds: number
  /** The image manifest of the build root. */
  readonly root: Digest
  /** The digest of the source tree that was built. */
  readonly sourceTree: Digest
  readonly packages: readonly { readonly file: string; readonly digest: Digest; readonly size: number }[]
  /** The commit of the distribution. */
  readonly commit: string
}

export interface RecipeToBuild {
  readonly name: string
  readonly recipe: Recipe
  /** Absolute path of the unpacked source. */
  readonly source: string
  readonly commit: string
}
