import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fail } from './errors.ts'
import type { ImageManifest } from './types.ts'

/** The manifest of an image of this store. @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED (the object is no manifest) */
export function readManifest(store: Store, image: Digest): ImageManifest {
  const value = store.readJson(image)
  if (!isManifest(value)) throw fail('IMAGE_MALFORMED', { what: `${image} is no image manifest` })
  return value
}

/** The object was made by `compose` and verified by its digest: its schema word tells what it is. */
function isManifest(value: unknown): value is ImageManifest {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.image/1'
}
