import type { Digest, Place } from '@holotype/base'
import type { FileFacts } from '../types.ts'

/** One thing that is so, and where the distribution says it. */
export interface Statement {
  readonly text: string
  /** In the distribution as it is now; absent where it does not say so, or no longer. */
  readonly place?: Place
}

/** Who a path belongs to. */
export interface PathOwner {
  /** `package:NAME`, `spec` or `step:NAME`. */
  readonly owner: string
  readonly version?: string
  /** The snapshot that the package came from, by the name of its source. */
  readonly from?: string
  readonly snapshot?: Digest
}

export interface ExplainedPath {
  readonly kind: 'path'
  /** With the links above it followed. */
  readonly path: string
  readonly present: boolean
  readonly owner?: PathOwner
  readonly facts?: FileFacts
  readonly statements: readonly Statement[]
}

export interface ExplainedPackage {
  readonly kind: 'package'
  readonly name: string
  readonly present: boolean
  readonly version?: string
  readonly architecture?: string
  readonly from?: string
  readonly snapshot?: Digest
  /** The package file. */
  readonly digest?: Digest
  /** Bytes of the package file. */
  readonly size?: number
  /** Paths of the image that it owns, directories too. */
  readonly paths?: number
  /** Bytes of files that it brings. */
  readonly bytes?: number
  /** Why it is in, from the spec's wish down to it, or why it is not. */
  readonly statements: readonly Statement[]
}

export interface ExplainedUnit {
  readonly kind: 'unit'
  readonly name: string
  readonly present: boolean
  /** As systemctl(1) calls it; `static`: it has no [Install], others start it. */
  readonly state?: 'enabled' | 'disabled' | 'masked' | 'static'
  /** Its file. */
  readonly path?: string
  readonly owner?: PathOwner
  /** Links that start it or give it another name, and files that add to it. */
  readonly links: readonly string[]
  readonly statements: readonly Statement[]
}

export type Explanation = ExplainedPath | ExplainedPackage | ExplainedUnit
