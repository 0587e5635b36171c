import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { ImageManifest } from '../types.ts'
import { checkout, privateDirectory } from './checkout.ts'
import { makeScratch } from './scratch.ts'

/**
 * Lays an image out as a directory of the store, once: a lower layer for sandboxes. What runs on it must not write to it.
 * Two that lay out the same image at once end with the same directory.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL
 */
export function layOut(store: Store, manifest: ImageManifest): string {
  const roots = join(store.directory, 'roots')
  const hex = manifest.root.tree.slice('sha256:'.length)
  const place = join(roots, hex)
  const key = `root/${hex}`
  if (existsSync(place)) {
    if (store.recall(key) !== undefined) return place
    // From before a power cut, which may have taken files' bytes.
    rmSync(place, { recursive: true, force: true })
  }
  privateDirectory(roots)
  using scratch = makeScratch(store)
  const temporary = join(scratch.disk, 'root')
  checkout(store, manifest.root, { directory: temporary })
  // Before the directory has its name: what has a name and no note is never one that another process just made.
  store.remember(key, 'laid out')
  try {
    renameSync(temporary, place)
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error
  }
  return place
}
