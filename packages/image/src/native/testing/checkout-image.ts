import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { type Store, walkTree } from '@holotype/store'
import { checkout } from '../../compose/checkout.ts'
import type { ImageManifest } from '../../types.ts'

/** An image as a directory, extended attributes too, for a native tool to look at. */
export async function checkoutImage(store: Store, { root }: ImageManifest, directory: string): Promise<string> {
  checkout(store, root, { directory })
  for (const { path, entry } of walkTree(store, root.tree))
    for (const [name, value] of Object.entries(entry.xattrs ?? {})) {
      const place = join(directory, path)
      // An inode of its own: others of the same bytes and mode have none of it.
      await run(['cp', '--archive', place, `${place}.own`])
      renameSync(`${place}.own`, place)
      await run(['setfattr', '--no-dereference', '-n', name, '-v', `0s${value}`, place])
    }
  return directory
}
