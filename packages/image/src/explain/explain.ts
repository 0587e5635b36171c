import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { type Declared, readComposed } from './composed-image.ts'
import { explainPackage } from './explain-package.ts'
import { explainPath } from './explain-path.ts'
import { explainUnit, UNIT_NAME } from './explain-unit.ts'
import type { Explanation } from './types.ts'

export interface ExplainOptions {
  readonly store: Store
  readonly image: Digest
  /** An absolute path, the name of a unit with its type, or the name of a package. */
  readonly what: string
  /** The spec as the distribution has it now, for places. */
  readonly declared?: Declared | undefined
}

/**
 * What something in an image is, whose it is, and who asked for it. Nothing is composed: all of it is in the store's objects, and the places in
 * the distribution.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, LOCK_MALFORMED, PACKAGE_MALFORMED
 */
export async function explain({ store, image, what, declared }: ExplainOptions): Promise<Explanation> {
  const composed = readComposed(store, image, declared)
  if (what.startsWith('/')) return explainPath(composed, what)
  return UNIT_NAME.test(what) ? explainUnit(composed, what) : explainPackage(composed, what)
}
