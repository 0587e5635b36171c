import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { compose, type Hazard, type ImageDiff, type Migration } from '@holotype/image'
import { type Lock, writeLock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import type { Context } from '../context.ts'
import { differenceOf } from './difference.ts'
import { specOf } from './images.ts'

/** A step's image beside the one before it. */
export interface StepDifference {
  readonly image: Digest
  readonly difference: Digest
  readonly summary: ImageDiff['summary']
  /** With those that show in the files. */
  readonly hazards: readonly Hazard[]
}

/**
 * Writes a lock for each step into a directory: `001.lock` is the image after the first. Files of that form from a plan before go. Gives the paths.
 * @throws DISK_FULL
 */
export function writeSteps(directory: string, { steps }: Migration): string[] {
  mkdirSync(directory, { recursive: true })
  const written = steps.map(({ number, lock }) => {
    const path = join(directory, `${String(number).padStart(3, '0')}.lock`)
    writeLock(path, lock)
    return path
  })
  for (const name of readdirSync(directory)) {
    if (/^\d{3,}\.lock$/.test(name) && !written.includes(join(directory, name))) rmSync(join(directory, name))
  }
  return written
}

/**
 * Composes the image before the first step and the one after each, and compares neighbours. All but the last have the spec of the old image.
 * @throws what `compose` and `diffImages` throw, DISTRIBUTION_* (an image that is not in the distribution)
 */
export async function composeSteps(
  context: Context,
  store: Store,
  { from, to, migration }: { readonly from: Lock; readonly to: Lock; readonly migration: Migration },
): Promise<StepDifference[]> {
  const distribution = await context.distribution()
  const { progress, signal } = context
  const composed = async (lock: Lock, name: string) => {
    const { image } = await compose({ store, lock, spec: specOf(distribution, name, store), progress, signal })
    return image
  }
  const found: StepDifference[] = []
  let before = await composed(from, from.image)
  for (const { number, lock } of migration.steps) {
    const image = await composed(lock, number === migration.steps.length ? to.image : from.image)
    const { digest, diff } = await differenceOf(context, store, { from: before, to: image })
    found.push({ image, difference: digest, summary: diff.summary, hazards: diff.hazards })
    before = image
  }
  return found
}
