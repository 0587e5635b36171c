import { lstatSync, type Stats } from 'node:fs'
import type { Digest } from '@holotype/base'
import type { StatCache } from '../state/stat-cache.ts'
import { listDirectory } from './list-directory.ts'
import { nameOf, parentOf } from './names.ts'
import type { Territory } from './territory.ts'
import { readXattrs, xattrsKey } from './xattrs.ts'

/** What a look is at. */
export interface LookPlace {
  /** The resolved root directory. */
  readonly root: string
  readonly territory: Territory
  readonly cache: StatCache
  /** Of the whole look that the cache may hold. */
  readonly key: Digest
}

/**
 * Whether a root is as the last look left it, when that found nothing to do, or all was done: by the stat of every path, without the image. A name
 * that came or went has changed its directory's ctime. False tells nothing: then the root is to be compared with the image.
 */
export async function isAsLeft({ root, territory, cache, key }: LookPlace): Promise<boolean> {
  const base = root === '/' ? '' : root
  /** Directories in which something untouched came or went, with the attributes that they had. */
  const restless = new Map<string, Digest | undefined>()
  const same = cache.isWhole(key, (path, known) => {
    const stat = statOf(base + path)
    if (!stat) return false
    if (known.isSame(stat)) return true
    if (!known.isSameDirectory(stat) || !territory.mayHoldUntouched(path)) return false
    restless.set(path, known.inside().xattrs)
    return true
  })
  if (!same) return false
  return restless.size === 0 || (await isTheirsAlone([...restless], { root, territory, cache, key }))
}

/** Whether all that changed in directories is untouched territory: their other names and their extended attributes are what they were. */
async function isTheirsAlone(
  restless: readonly (readonly [path: string, xattrs: Digest | undefined])[],
  { root, territory, cache, key }: LookPlace,
): Promise<boolean> {
  const base = root === '/' ? '' : root
  const names = new Map(restless.map(([path]) => [path, new Set<string>()]))
  cache.isWhole(key, (path) => {
    names.get(parentOf(path))?.add(nameOf(path))
    return true
  })
  for (const [path, known] of names) {
    if (territory.allBelowUntouched(path)) continue
    const prefix = path === '/' ? '/' : `${path}/`
    const isKnown = (name: string) => known.has(name) || territory.untouched(`${prefix}${name}`)
    if (!listDirectory(base + path, path).every(isKnown)) return false
  }
  const actual = await readXattrs(root, [...names.keys()])
  return actual !== undefined && restless.every(([path, xattrs]) => xattrsKey(actual.get(path)) === xattrs)
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    // What stands in the way is told by whoever compares the root with the image.
    return undefined
  }
}
