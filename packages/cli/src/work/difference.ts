import type { Digest } from '@holotype/base'
import type { AdvisorySpec } from '@holotype/distribution'
import { diffImages, type ImageDiff, type KnownAdvisory, readHazardRules } from '@holotype/image'
import type { Store } from '@holotype/store'
import type { Context } from '../context.ts'
import { addName } from './names.ts'

/**
 * The difference of two images by the distribution's own hazard rules and advisories, all of them in git: made anywhere, it has the same digest.
 * @throws what `diffImages` and `readHazardRules` throw
 */
export async function differenceOf(
  context: Context,
  store: Store,
  { from, to }: { readonly from: Digest; readonly to: Digest },
): Promise<{ readonly digest: Digest; readonly diff: ImageDiff }> {
  const { directory, advisories } = await context.distribution()
  const made = diffImages(store, from, to, {
    hazardRules: readHazardRules(directory),
    advisories: [...advisories].flatMap(([id, advisory]) => knownBy(id, advisory)),
  })
  // Diffs that were made here, whatever their images.
  addName(store, 'diffs', { name: 'all', digest: made.digest })
  return made
}

/** What an advisory says, package by package. */
function knownBy(id: string, { title, severity, fixed }: AdvisorySpec): KnownAdvisory[] {
  return Object.entries(fixed).map(([source, version]) => ({
    id,
    title,
    severity: severity ?? '',
    package: source,
    fixed: version,
  }))
}
