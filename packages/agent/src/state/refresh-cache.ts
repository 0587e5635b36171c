import { lstatSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { LeafEntry } from '@holotype/store'
import { PATH_GARBAGE_BYTES, STAT_SETTLE_MS } from '../limits.ts'
import { served } from '../memory.ts'
import { hasType, isDirectory } from '../tree/compare.ts'
import type { Plan } from '../tree/plan.ts'
import { xattrsKey } from '../tree/xattrs.ts'
import type { Inside, StatCache } from './stat-cache.ts'

/**
 * Learns the stats of what a plan wrote. A rename changes ctime, so it is looked at when all is done, and a kernel tick later, so that a
 * change after the look cannot leave the same stat. What is not as it was written is not learnt.
 */
export async function refreshCache(options: {
  readonly root: string
  readonly plan: Plan
  /** Directories whose attributes are not as the plan has them. */
  readonly left: readonly { readonly path: string }[]
  readonly cache: StatCache
  readonly now: () => number
}): Promise<void> {
  const { root, plan, left, cache, now } = options
  await wait(STAT_SETTLE_MS * 2)
  const base = root === '/' ? '' : root
  forgetOld(plan, cache)
  for (const { path, entry } of [...plan.leaves, ...plan.metadata]) {
    served(PATH_GARBAGE_BYTES)
    const stat = lstatSync(base + path, { throwIfNoEntry: false })
    if (!stat || !hasType(stat, entry.type) || stat.mtimeMs !== entry.mtime * 1000) continue
    if (entry.type === 'file' && stat.size !== entry.size) continue
    cache.set(path, stat, insideOf(entry), now())
  }
  for (const { path, entry } of plan.finishing) {
    const stat = lstatSync(base + path, { throwIfNoEntry: false })
    if (stat && isDirectory(stat) && !left.some((one) => one.path === path))
      cache.set(path, stat, insideOf(entry), now())
  }
}

/** What was known of a path that was changed or removed. */
function forgetOld({ leaves, metadata, finishing, removals }: Plan, cache: StatCache): void {
  for (const { path } of [...leaves, ...metadata, ...finishing, ...removals]) cache.forget(path)
  for (const { path, retire = [] } of leaves) for (const below of retire) cache.forget(path + below.path)
}

/** What an image says is inside. */
function insideOf(entry: Pick<LeafEntry, 'xattrs'> & Partial<LeafEntry>): Inside {
  const xattrs = xattrsKey(entry.xattrs)
  return { ...(entry.type === 'file' ? { digest: entry.digest } : {}), ...(xattrs ? { xattrs } : {}) }
}
