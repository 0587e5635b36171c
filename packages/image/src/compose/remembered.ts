import { join } from 'node:path'
import { canonicalJson, digestOf, hexOf, isDigest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { codeDigest } from '../code-digest.ts'
import { isWhole } from '../unpack/unpacked.ts'
import type { Layer } from './layer.ts'

/** Rises when a sandbox, or what is collected of it, comes to mean something else. What runs in it counts by itself. */
const FORM = 1
const INSTALLERS = join(import.meta.dirname, '../native')

/**
 * What a run in a sandbox changed, from a store that has seen it run on the same input, or by running it. The input is everything that the run
 * can see: the whole root by its digest, the packages and the arguments. So an image is the same with and without what is remembered.
 */
export async function rememberedLayer(
  store: Store,
  input: Readonly<Record<string, unknown>>,
  make: () => Promise<Layer>,
): Promise<Layer> {
  const key = `layer-${FORM}/${hexOf(digestOf(canonicalJson({ ...input, code: codeDigest(INSTALLERS) })))}`
  const known = recallLayer(store, key)
  if (known) return known
  const layer = await make()
  store.remember(key, store.putJson(layer))
  return layer
}

/** A note is a hint: where its objects are gone, the run counts as never seen. */
function recallLayer(store: Store, key: string): Layer | undefined {
  const digest: unknown = store.recall(key)
  if (!isDigest(digest) || !store.has(digest)) return undefined
  const layer = store.readJson(digest)
  return isLayer(layer) && isWhole(store, layer) ? layer : undefined
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.layer/1'
}
