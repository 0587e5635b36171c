import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { canonicalJson, type Digest, digestOf } from '@holotype/base'
import { type Distribution, type ImageSpec, imageOf, lockPathOf } from '@holotype/distribution'
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

/** What stands in a lock for what an image's spec asks for. */
export function askedBy({ packages, exclude, recommends }: ImageSpec): Digest {
  return digestOf(canonicalJson({ packages, exclude, recommends }))
}

/** A lock by the name of its image, or by its file (`steps/003.lock`). @throws LOCK_MISSING, LOCK_MALFORMED, DISTRIBUTION_* */
export function namedLock(distribution: Distribution, text: string): Lock {
  return text.endsWith('.lock') ? readLock(text) : lockOf(distribution, text)
}

/**
 * The lock to compose an image from: its own, which was made for what its spec asks for, or a given one.
 * @throws LOCK_MISSING, LOCK_OUTDATED, LOCK_MALFORMED, DISTRIBUTION_*
 */
export function lockToCompose(distribution: Distribution, name: string, given: string | undefined): Lock {
  if (given !== undefined) return namedLock(distribution, given)
  const lock = lockOf(distribution, name)
  if (lock.asked !== undefined && lock.asked !== askedBy(imageOf(distribution, name)))
    throw fail('LOCK_OUTDATED', {
      what: `the spec of ${name} asks for other packages than its lock was made for`,
      hint: `make it anew: \`holotype image lock ${name}\`, with --keep to move no version`,
    })
  return lock
}

/** The spec of an image with its files in the store. @throws DISTRIBUTION_* */
export function specOf(distribution: Distribution, name: string, store: Store): ResolvedSpec {
  return resolveSpec(store, { name, spec: imageOf(distribution, name), directory: distribution.directory })
}

/** The names of all images of a distribution. */
export function imageNames(distribution: Distribution): string[] {
  return [...distribution.images.keys()]
}
