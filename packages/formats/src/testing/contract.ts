import type fc from 'fast-check'
import { describe } from 'vitest'
import type { RepositorySettings } from '../repository-writer.ts'
import type { Compression, Dependencies, Format, PackageScript, PackageToWrite } from '../types.ts'
import { packageContract } from './contract-packages.ts'
import { repositoryContract } from './contract-repository.ts'
import { versionContract } from './contract-versions.ts'
import type { PayloadRules } from './payloads.ts'

export { readWhole } from './payloads.ts'

/** What a member of the family brings to be held against the contract. */
export interface FormatFixtures {
  /** Version strings that the format allows, with many that are near each other. */
  readonly version: fc.Arbitrary<string>
  /** Versions in strictly ascending order. */
  readonly ascending: readonly string[]
  /** The operators from "earlier" to "later": earlier, earlier or equal, equal, later or equal, later. */
  readonly operators: readonly [string, string, string, string, string]
  /** Dependency fields and what they say. */
  readonly dependencies: readonly (readonly [text: string, parsed: Dependencies])[]
  /** Dependency fields that are refused. */
  readonly malformedDependencies: readonly string[]
  /** What a version with its release looks like; absent: `1.0-1`. */
  readonly release?: string
  /** A package of this name, version and payload, for the architecture of `settings`, with all its format demands and the scripts below. */
  package(name: string, version: string, payload: PackageToWrite['payload']): PackageToWrite
  /** What `readPackage` finds as scripts in a package made by {@link FormatFixtures.package}. */
  readonly scripts: readonly PackageScript[]
  /** The compressions that `writePackage` knows. */
  readonly compressions: readonly Compression[]
  /** What the format's payloads cannot hold. */
  readonly payloads?: PayloadRules
  /** What comes back of a payload that was written, in which order; absent: the very same. Other than `bytes` nothing may be lost silently. */
  stored?(payload: PackageToWrite['payload']): PackageToWrite['payload']
  readonly settings: RepositorySettings
  /** The part of an entry that stands in the index which `parseIndex` reads. */
  readonly indexPart: string
}

/** What every format promises, whichever it is. Each member of the family runs it in its own test file. */
export function formatContract(format: Format, fixtures: FormatFixtures): void {
  describe(`the contract of a package format: ${format.name}`, () => {
    versionContract(format, fixtures)
    packageContract(format, fixtures)
    repositoryContract(format, fixtures)
  })
}
