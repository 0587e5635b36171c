import { lstatSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { STAT_SETTLE_MS } from '../limits.ts'
import type { Plan } from '../tree/plan.ts'
import type { StatCache } from './stat-cache.ts'

/**
 * Learns the stats of the files that a plan wrote. A rename changes ctime, so they are looked at when all is done, and a kernel tick
 * later, so that a change after the look cannot leave the same stat. A file that is not as it was written is not learnt.
 */
export async function refreshCache(options: {
  readonly root: string
  readonly plan: Plan
  readonly cache: StatCache
  readonly now: () => number
}): Promise<void> {
  const { root, plan, cache, now } = options
  await wait(STAT_SETTLE_MS * 2)
  const base = root === '/' ? '' : root
  for (const { path, entry } of [...plan.leaves, ...plan.metadata]) {
    if (entry.type !== 'file') continue
    const stat = lstatSync(base + path, { throwIfNoEntry: false })
    if (stat?.isFile() && stat.size === entry.size && stat.mtimeMs === entry.mtime * 1000)
      cache.set(path, stat, entry.digest, now())
  }
}
