import { canonicalJson, digestOf } from '@holotype/base'
import type { RepositorySettings } from '@holotype/formats'
import { currentNumber, currentPath, type Generation, generationPath, readGeneration } from './generation.ts'
import { type Manifest, manifestPath, readManifest } from './manifest.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'
import { planPublication } from './plan.ts'
import { inTurn } from './queue.ts'
import { applyStep, type PublishStep } from './steps.ts'

/** What a repository is called and for whom it is, as far as the repository itself does not say. */
export type PublishSettings = Omit<RepositorySettings, 'component'>

export interface Published {
  /** Packages that its indexes list. */
  readonly packages: number
  /** False when the state that clients see is this one already: then nothing was written. */
  readonly changed: boolean
}

export interface PublishOptions extends PublishSettings {
  /** Called after each step: for tests that stop there. */
  readonly afterStep?: (step: PublishStep) => Promise<void> | void
}

/**
 * Publishes the present state of one of our own repositories below `base` as its native package manager expects it, signed. Files and indexes
 * come first, under names that are new; all names that change do so together, by one rename at the end. Stopped anywhere, clients see the old
 * state or the new one, and the next run completes it. Nothing new: nothing is written, unless the state's time runs out before it is half over.
 * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_UNWRITABLE, REPOSITORY_NAME_TAKEN, REPOSITORY_BUSY, REPOSITORY_STATE_MALFORMED, OBJECT_MISSING,
 * DISK_FULL, and what the signer throws
 */
export async function publish(repository: OwnRepository, base: string, options: PublishOptions): Promise<Published> {
  const { afterStep, advisories = [], ...asked } = options
  const settings: RepositorySettings = {
    ...asked,
    component: repository.component,
    // Where no index says them, another advisory is nothing new.
    ...(advisories.length > 0 && repository.format.repository.hasAdvisories ? { advisories } : {}),
  }
  const directory = stateDirectory(placeOf(repository))
  const before = presentState(repository.name, base, wantedOf(readManifest(directory), settings))
  if (before) return { packages: before.packages, changed: false }
  return inTurn(directory, async () => {
    const manifest = readManifest(directory)
    const wanted = wantedOf(manifest, settings)
    // Whoever was before us may have published it.
    const meanwhile = presentState(repository.name, base, wanted)
    if (meanwhile) return { packages: meanwhile.packages, changed: false }
    const { steps, packages } = await planPublication({ repository, directory, base, manifest, settings, wanted })
    for (const step of steps) {
      const applied = applyStep(base, step)
      if (applied) await applied
      if (afterStep) await afterStep(step)
    }
    return { packages, changed: true }
  })
}

/**
 * The files that decide, with the settings, whether {@link publish} would change anything: our state, and the note of what clients see. Paths of files
 * and links, which need not be there. Not for states with a `validUntil`: time decides those.
 */
export function publishedFrom(repository: OwnRepository, base: string): readonly string[] {
  const { name } = repository
  const number = currentNumber(base, name)
  return [
    manifestPath(stateDirectory(placeOf(repository))),
    currentPath(base, name),
    ...(number === undefined ? [] : [generationPath(base, name, number)]),
  ]
}

/** What a publication is asked for, by digest. */
export interface Wanted {
  readonly settings: string
  readonly fingerprint: string
  readonly date: number
  readonly validUntil?: number
}

function wantedOf({ chunks }: Manifest, { date, validUntil, ...lasting }: RepositorySettings): Wanted {
  const settings = digestOf(canonicalJson(lasting))
  const fingerprint = digestOf(`${settings} ${validUntil === undefined} ${chunks.map(({ id }) => id).join(' ')}`)
  return { settings, fingerprint, date, ...(validUntil === undefined ? {} : { validUntil }) }
}

/** The state that clients see, if it is the one that is wanted and will be for as long as half of what is asked for. */
function presentState(name: string, base: string, wanted: Wanted): Generation | undefined {
  const number = currentNumber(base, name)
  const present = number === undefined ? undefined : readGeneration(base, name, number)
  if (present?.fingerprint !== wanted.fingerprint) return undefined
  if (wanted.validUntil === undefined || present.validUntil === undefined) return present
  return present.validUntil - wanted.date >= (wanted.validUntil - wanted.date) / 2 ? present : undefined
}
