import type { InspectedPackage, PackageToWrite } from '../types.ts'
import type { NameTable } from './relations.ts'
import type { ConversionNote } from './report.ts'

/** A package on its way from one format to another. */
export interface Conversion {
  readonly inspected: InspectedPackage
  /** With the files' contents. */
  readonly payload: PackageToWrite['payload']
  readonly names: NameTable
  /** Names of the other side. */
  readonly provides: readonly string[]
  /** Seconds since the epoch, for what has no time of its own. */
  readonly epoch: number
  /** Writes down what is left out or changed. */
  readonly note: (part: ConversionNote['part'], what: string) => void
}

export interface Converted {
  readonly content: PackageToWrite
  /** As the format's own tools name it. */
  readonly fileName: string
  readonly version: string
  readonly architecture: string
  readonly scripts: readonly string[]
}
