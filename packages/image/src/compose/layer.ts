import type { Digest } from '@holotype/base'
import type { Entry, Store } from '@holotype/store'
import { pathsOf } from '../unpack/unpacked.ts'
import { entryInput, type PathMap, removeBelow } from './path-map.ts'
import { type Diverted, scriptEffects } from './script-effects.ts'

/** Who owns a path that was not there before. */
export const SCRIPTS = 'step:maintainer-scripts'

/** Marks a directory of an upper layer that hides what lies below it (kernel, overlayfs.rst, "whiteouts and opaque directories"). */
export const OPAQUE = 'trusted.overlay.opaque'

/** What one run in a sandbox changed, an object of the store. */
export interface Layer {
  readonly schema: 'holotype.layer/1'
  /** Of the overlay's upper layer in its own form: a removed path is a character device 0/0. */
  readonly tree: Digest
  /** The second names that scripts gave to files, each with the name that it is a second one of. */
  readonly links: readonly (readonly [name: string, first: string])[]
}

/**
 * Carries what a sandbox changed into the image.
 * @throws IMAGE_SCRIPT_EFFECT, OBJECT_MISSING, OBJECT_CORRUPT
 */
export function applyLayer(
  map: PathMap,
  layer: Layer,
  options: {
    readonly store: Store
    /** Globs of what scripts may write besides the usual (see {@link scriptEffects}). Default: anything. */
    readonly allow?: readonly string[]
    /** What diversions moved, asked when the changes are in the map. Default: nothing. */
    readonly diverted?: (() => Diverted) | undefined
  },
): void {
  const effects = scriptEffects(options.allow ?? ['/**'])
  for (const { path, entry } of pathsOf(options.store, layer)) {
    const before = map.get(path)?.entry
    if (isWhiteout(entry)) {
      effects.add({ path: `/${path}`, before, after: undefined })
      removeBelow(map, path, { keepSelf: false })
      continue
    }
    const { [OPAQUE]: opaque, ...xattrs } = entry.xattrs ?? {}
    if (opaque !== undefined) removeBelow(map, path, { keepSelf: true })
    const owner = map.get(path)?.owner ?? SCRIPTS
    const { xattrs: _all, ...rest } = entryInput(entry)
    const after = Object.keys(xattrs).length > 0 ? { ...rest, xattrs } : rest
    effects.add({ path: `/${path}`, before, after })
    if (after.type !== 'directory' && before?.type === 'directory') removeBelow(map, path, { keepSelf: true })
    map.set(path, { entry: after, owner })
  }
  for (const [name, first] of layer.links) {
    for (const path of [name, first]) {
      const found = map.get(path)
      if (found) map.set(path, { ...found, inode: `script:${first}` })
    }
  }
  effects.refuse(options.diverted?.())
}

function isWhiteout(entry: Entry): boolean {
  return entry.type === 'character' && entry.major === 0 && entry.minor === 0
}
