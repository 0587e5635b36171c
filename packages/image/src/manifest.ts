import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fail } from './errors.ts'
import type { ImageManifest } from './types.ts'

/** The manifest of an image of this store. @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED (the object is no manifest) */
export function readManifest(store: Store, image: Digest): ImageManifest {
  return parseManifest(store.read(image), image)
}

/** A manifest from its bytes, whose digest the caller has verified. @throws IMAGE_MALFORMED */
export function parseManifest(bytes: Buffer, image: Digest): ImageManifest {
  const value = jsonOf(bytes)
  if (!isManifest(value)) throw fail('IMAGE_MALFORMED', { what: `${image} is no image manifest` })
  return value
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

/** The object was made by `compose` and verified by its digest: its schema word tells what it is. */
function isManifest(value: unknown): value is ImageManifest {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.image/1'
}
