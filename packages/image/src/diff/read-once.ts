import type { Digest } from '@holotype/base'
import type { Store, Tree } from '@holotype/store'
import { KEPT_FILE_BYTES, KEPT_TOTAL_BYTES } from './limits.ts'

/**
 * A store that keeps what one difference asks for again, as long as it lives itself: directories, which are looked up path by path hundreds of times,
 * and small files, which are first described and then compared as text. The images' directories bound the one, {@link KEPT_TOTAL_BYTES} the other.
 */
export function readOnce(store: Store): Store {
  const trees = new Map<Digest, Tree>()
  const files = new Map<Digest, Buffer>()
  let room = KEPT_TOTAL_BYTES
  return {
    ...store,
    readTree(digest) {
      const tree = trees.get(digest) ?? store.readTree(digest)
      trees.set(digest, tree)
      return tree
    },
    read(digest) {
      const known = files.get(digest)
      if (known) return known
      const bytes = store.read(digest)
      if (bytes.length > KEPT_FILE_BYTES || bytes.length > room) return bytes
      room -= bytes.length
      files.set(digest, bytes)
      return bytes
    },
  }
}
