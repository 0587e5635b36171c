import type { FormatName } from '../types.ts'

/** One thing that the other format cannot hold, or holds otherwise. */
export interface ConversionNote {
  /** What it is about, in the words of the format it comes from. */
  readonly part: 'version' | 'architecture' | 'relation' | 'script' | 'payload' | 'field' | 'changelog'
  readonly what: string
}

/** What became of a package that was converted. */
export interface ConversionReport {
  readonly from: FormatName
  readonly to: FormatName
  readonly name: string
  /** In its own format, and in the other. */
  readonly version: readonly [from: string, to: string]
  readonly architecture: readonly [from: string, to: string]
  /** Files, directories and links carried over. */
  readonly entries: number
  readonly changelogEntries: number
  readonly scripts: readonly string[]
  /** What was left out or changed, in the order it was met. Empty: nothing was lost. */
  readonly notes: readonly ConversionNote[]
  /** The new package file. */
  readonly path: string
}
