import { hash } from 'node:crypto'
import { fail } from '../errors.ts'
import { MAX_DELEGATIONS, TIMESTAMP_BYTES } from '../limits.ts'
import { TIMESTAMP_FILE } from '../roles.ts'
import { get } from './fetch.ts'
import type { Delegation, Snapshot, TargetFile, Targets } from './metadata.ts'
import { fitsPattern } from './path-pattern.ts'
import { followToTargets, type Session, updateTargets } from './refresh.ts'
import { trustedRoot, updateRoot } from './root-chain.ts'

/** What the top roles say, verified. */
export interface TopLevel {
  readonly snapshot: Snapshot
  readonly targets: Targets
}

/**
 * The client workflow as the specification orders it (TUF 1.0 §5.3 to §5.6.6): root, timestamp, snapshot, targets. For any TUF repository; our
 * own agents begin with the timestamp (refresh.ts) and take the same steps.
 * @throws METADATA_*, ROOT_CHAIN_TOO_LONG
 */
export async function refreshTopLevel(session: Session): Promise<TopLevel> {
  const trusted = trustedRoot(session.cache, session.initialRoot)
  const root = await updateRoot(session.cache, session.fetch, trusted, session.now)
  return followToTargets(session, root, await get(session.fetch, TIMESTAMP_FILE, TIMESTAMP_BYTES))
}

/**
 * Looks for a target in the top targets role and, in depth first, in the roles it delegates to (§5.6.7). Undefined: nobody who may speak for the
 * path names it.
 * @throws METADATA_* of the roles on the way
 */
export async function findTarget(session: Session, top: TopLevel, path: string): Promise<TargetFile | undefined> {
  const visited = new Set(['targets'])
  const search = async (targets: Targets): Promise<{ readonly found?: TargetFile; readonly ended: boolean }> => {
    const found = targets.targets.get(path)
    if (found !== undefined) return { found, ended: true }
    for (const delegation of targets.delegations) {
      // 5.6.7.1: a role that was looked into already is passed over, so circles end.
      if (!speaksFor(delegation, path) || visited.has(delegation.name)) continue
      if (visited.size > MAX_DELEGATIONS)
        throw fail('METADATA_TOO_LARGE', { what: `more than ${MAX_DELEGATIONS} roles are delegated ${path}` })
      visited.add(delegation.name)
      // Verified with the keys of the role that led here: what was found valid through another one counts for nothing.
      const below = await search(await updateTargets(session, top.snapshot, delegation, targets.keys))
      if (below.ended) return below
      if (delegation.terminating) return { ended: true } // 5.6.7.2.1
    }
    return { ended: false }
  }
  return (await search(top.targets)).found
}

function speaksFor({ paths, pathHashPrefixes }: Delegation, path: string): boolean {
  if (paths.some((pattern) => fitsPattern(path, pattern))) return true
  if (pathHashPrefixes.length === 0) return false
  const digest = hash('sha256', path, 'hex')
  return pathHashPrefixes.some((prefix) => digest.startsWith(prefix))
}
