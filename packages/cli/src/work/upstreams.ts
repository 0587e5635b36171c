import type { Distribution } from '@holotype/distribution'
import type { LockSource } from '@holotype/image'
import { type Fetcher, hostSources, ownSnapshot, snapshotUpstream } from '@holotype/repository'
import { verifyClearSigned } from '@holotype/trust'
import type { Context } from '../context.ts'

/** Our own packages win over upstream's, whatever their versions. */
const OWN_PRIORITY = 900
const UPSTREAM_PRIORITY = 500
/** The name locks give to our own repository. */
const OWN = 'own'

/**
 * A snapshot of every upstream as it is now, and of our own repository: what a lock is resolved from.
 * @throws UPSTREAM_NO_SOURCES, UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_MISMATCH, DISK_FULL
 */
export async function takeSnapshots(
  context: Context,
  distribution: Distribution,
  fetcher: Fetcher,
): Promise<LockSource[]> {
  const store = await context.store()
  const { architecture, upstreams } = distribution.file
  const sources: LockSource[] = []
  for (const [name, upstream] of Object.entries(upstreams)) {
    const { digest } = await snapshotUpstream({
      name,
      upstream,
      architecture,
      store,
      fetcher,
      sources: hostSources({ root: context.aptRoot, architecture, pockets: upstream.pockets }),
      verify: verifyClearSigned,
      now: context.now().getTime(),
      progress: context.progress,
    })
    sources.push({ name, digest, priority: UPSTREAM_PRIORITY })
  }
  const own = ownSnapshot(store, { name: OWN, format: formatOfDistribution(distribution), architecture })
  sources.push({ name: OWN, digest: own.digest, priority: OWN_PRIORITY })
  return sources
}

/** The format of a distribution's packages: that of its upstreams. */
export function formatOfDistribution(distribution: Distribution): 'deb' {
  return Object.values(distribution.file.upstreams)[0]?.format ?? 'deb'
}
