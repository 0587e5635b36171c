import { realpathSync } from 'node:fs'
import { type Digest, type Progress, runTask, silent } from '@holotype/base'
import { readConfig } from './config.ts'
import { fail } from './errors.ts'
import { OWNERS_IDLE_MS } from './limits.ts'
import { ownersOf } from './owners.ts'
import { overriddenGlobs } from './overrides.ts'
import { openMirrors } from './site/mirrors.ts'
import { openSite } from './site/site.ts'
import { lockStateWhenFree } from './state/lock.ts'
import { readNodeState } from './state/node-state.ts'
import { openStatCache } from './state/stat-cache.ts'
import { keptImage, objectFolders } from './plan-sync.ts'
import { adoptThrottle, startThrottle } from './throttle/this-process.ts'
import { runningRoot } from './two-roots/roots.ts'
import type { Difference } from './tree/plan.ts'
import { scan } from './tree/scan.ts'
import { mountsBelow, territoryOf } from './tree/territory.ts'

export interface VerifyReport {
  readonly image: Digest
  /** Paths looked at. */
  readonly paths: number
  /** By path, with whose it is where that is known; empty when the root is the image, byte for byte. */
  readonly differences: readonly (Difference & { readonly owner?: string })[]
}

/**
 * Reads every file of the root again and compares it with the image the node is at, from what the node keeps of it: changes nothing, and
 * asks the network only whose the paths are that differ, when that is not kept either.
 * @throws AGENT_NOT_ENROLLED, AGENT_BUSY, AGENT_NOT_SYNCED
 */
export async function verifyRoot(options: {
  readonly state: string
  readonly progress?: Progress
  /** See `RunOnceOptions`. */
  readonly throttled?: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): Promise<VerifyReport> {
  const { now, progress = silent } = options
  const config = readConfig(options.state)
  using _lock = await lockStateWhenFree(options.state)
  using _throttle = options.throttled ? startThrottle([options.state], config.throttle ?? {}) : null
  const { state, directory } = runningRoot(options.state, config)
  const { image } = readNodeState(state)
  const known = image === null ? undefined : await keptImage(objectFolders(state).kept, image)
  if (image === null || !known)
    throw fail('AGENT_NOT_SYNCED', { what: `${state} keeps no image to compare ${directory} with` })
  adoptThrottle(known.manifest.throttle ?? {})
  const root = realpathSync(directory)
  const territory = territoryOf({
    root,
    state: realpathSync(state),
    exclusions: [...known.manifest.exclusions, ...overriddenGlobs(options.state)],
    mounts: mountsBelow(root),
  })
  const plan = await runTask(progress, { title: 'read every file', unit: 'files' }, (task) =>
    scan({
      root,
      ideal: known.ideal,
      hardlinks: known.hardlinks,
      territory,
      cache: openStatCache(state),
      rehash: true,
      now,
      onPaths: (paths) => task.advance(paths),
    }),
  )
  if (plan.differences.length === 0) return { image, paths: plan.paths, differences: [] }
  const site = openSite({ mirrors: openMirrors(config.sites), idleMs: OWNERS_IDLE_MS, attempts: 1 })
  const ownerOf = await ownersOf(known.manifest.owners, objectFolders(state).kept, site)
  const differences = plan.differences.map((difference) => {
    const owner = ownerOf(difference.path)
    return owner === undefined ? difference : { ...difference, owner }
  })
  return { image, paths: plan.paths, differences }
}
