import type { ConversionNote, FormatName } from '@holotype/formats'
import type { Lock, Tie } from '@holotype/solver'
import type { Hazard } from '../types.ts'

/** What a step does to one package. */
export interface MigrationMove {
  readonly change: 'added' | 'removed' | 'replaced'
  readonly name: string
  readonly architecture: string
  /** Of what goes. */
  readonly from?: string
  /** Of what comes, in the format of the step. */
  readonly to?: string
  /** It was made of a package of the other format. */
  readonly converted?: true
  /** What would not hold without it: why it moves together with the others. */
  readonly tie?: Tie
}

/** Something a converted package could not take along. */
export interface NotCarried {
  readonly package: string
  readonly part: ConversionNote['part']
  readonly what: string
}

export interface MigrationStep {
  /** From 1. */
  readonly number: number
  /** `format`: the package manager itself moves. What was converted becomes what it was made of; the rest of the old image goes. */
  readonly kind: 'packages' | 'format'
  readonly moves: readonly MigrationMove[]
  /** Told by versions alone; those that take the files to see show when the image is composed. */
  readonly hazards: readonly Hazard[]
  readonly notCarried: readonly NotCarried[]
  /** The image after the step. That of the last step is the lock that the migration leads to. */
  readonly lock: Lock
}

/** How one image becomes another in small steps. */
export interface Migration {
  readonly from: { readonly image: string; readonly format: FormatName; readonly packages: number }
  readonly to: { readonly image: string; readonly format: FormatName; readonly packages: number }
  /** Packages that both have, byte for byte. */
  readonly same: number
  readonly steps: readonly MigrationStep[]
}
