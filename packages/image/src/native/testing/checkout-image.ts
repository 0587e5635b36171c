import { type Store, walkTree } from '@holotype/store'
import { checkout } from '../../compose/checkout.ts'
import type { PathMap } from '../../compose/path-map.ts'
import type { ImageManifest } from '../../types.ts'

/** An image as a directory, for a native tool to look at; device nodes left out. */
export function checkoutImage(store: Store, { root }: ImageManifest, directory: string): string {
  const map: PathMap = new Map([['', { entry: { ...root, type: 'directory' }, owner: 'step:root' }]])
  for (const { path, entry } of walkTree(store, root.tree))
    if (path !== '') map.set(path, { entry, owner: 'step:root' })
  checkout(store, map, directory)
  return directory
}
