import type { Digest } from '@holotype/base'
import { diffImages, type ImageDiff, readHazardRules } from '@holotype/image'
import type { Store } from '@holotype/store'
import type { Context } from '../context.ts'
import { addName } from './names.ts'

/** The difference of two images by the distribution's own hazard rules: made anywhere, it has the same digest. @throws what `diffImages` and `readHazardRules` throw */
export async function differenceOf(
  context: Context,
  store: Store,
  { from, to }: { readonly from: Digest; readonly to: Digest },
): Promise<{ readonly digest: Digest; readonly diff: ImageDiff }> {
  const { directory } = await context.distribution()
  const made = diffImages(store, from, to, { hazardRules: readHazardRules(directory) })
  // Diffs that were made here, whatever their images.
  addName(store, 'diffs', { name: 'all', digest: made.digest })
  return made
}
