import type { Digest } from '@holotype/base'
import { asFields, asTexts } from './json.ts'
import { OWNERS_BYTES } from './limits.ts'
import type { Site } from './site/site.ts'
import type { ObjectFolder } from './state/objects.ts'

/** Who a path belongs to: `package:nginx`, `spec`, `step:NAME`; undefined for what the image does not have. */
export type OwnerOf = (path: string) => string | undefined

/**
 * The owners of an image's paths. The object is large and rarely asked for, so it is fetched when the first path wants it, and kept.
 * Without it (no site, or it is not what it should be) nobody owns anything: whoever asks says so by leaving it out.
 */
export async function ownersOf(owners: Digest, kept: ObjectFolder, site: Site): Promise<OwnerOf> {
  try {
    let bytes = kept.read(owners)
    if (!bytes) {
      bytes = await site.object(owners, OWNERS_BYTES)
      kept.put(owners, bytes)
    }
    const fields = asFields(JSON.parse(bytes.toString('utf8')), 'owners')
    const byPath = new Map<string, string>()
    for (const [owner, paths] of Object.entries(fields))
      for (const path of asTexts(paths, owner)) byPath.set(path, owner)
    return (path) => byPath.get(path)
  } catch {
    return () => undefined
  }
}
