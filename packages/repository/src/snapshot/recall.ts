import { type Digest, isDigest } from '@holotype/base'
import type { Store } from '@holotype/store'

/** The object that a note names, if the store still has it. */
export function recallObject(store: Store, key: string): Digest | undefined {
  const digest = store.recall(key)
  return digest !== undefined && isDigest(digest) && store.has(digest) ? digest : undefined
}
