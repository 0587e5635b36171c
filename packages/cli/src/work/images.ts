import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { type Distribution, imageOf, lockPathOf } from '@holotype/distribution'
import { type ResolvedSpec, resolveSpec } from '@holotype/image/spec'
import type { Lock } from '@holotype/solver'
import { readLock } from '@holotype/solver/lock-file'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'

/** The lock of an image. @throws LOCK_MISSING, LOCK_MALFORMED, YAML_* */
export function lockOf(distribution: Distribution, name: string): Lock {
  imageOf(distribution, name)
  const path = lockPathOf(distribution, name)
  const shown = relative(process.cwd(), path)
  if (!existsSync(path))
    throw fail('LOCK_MISSING', { what: `there is no ${shown}`, hint: `make it: \`holotype image lock ${name}\`` })
  return readLock(path, shown)
}

/** A lock by the name of its image, or by its file (`steps/003.lock`). @throws LOCK_MISSING, LOCK_MALFORMED, DISTRIBUTION_* */
export function namedLock(distribution: Distribution, text: string): Lock {
  return text.endsWith('.lock') ? readLock(text) : lockOf(distribution, text)
}

/** The spec of an image with its files in the store. @throws DISTRIBUTION_* */
export function specOf(distribution: Distribution, name: string, store: Store): ResolvedSpec {
  return resolveSpec(store, { name, spec: imageOf(distribution, name), directory: distribution.directory })
}

/** The names of all images of a distribution. */
export function imageNames(distribution: Distribution): string[] {
  return [...distribution.images.keys()]
}
