import type { SiteOptions } from '../site.ts'
import { commit } from './commit.ts'
import { canSign, channelSigners, isHalfOver, issue, timestampFile } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { readPublished, settleRotations } from './published.ts'

/** Renews what keeps a site fresh: see signer.ts. */
export async function refreshTimestamp(options: SiteOptions): Promise<void> {
  const { site, keyring } = options
  await withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    settleRotations(keyring, published)
    const { targets, snapshot, timestamp } = published
    const oldTargets = isHalfOver(options, 'targets', targets.expires) && canSign(keyring, 'targets', published)
    const files =
      oldTargets || isHalfOver(options, 'snapshot', snapshot.expires)
        ? await issue(options, published, oldTargets ? { targets: channelSigners(targets) } : {})
        : [await timestampFile(options, published, timestamp.snapshot)]
    await commit(options, files, { rootBytes: published.rootBytes })
  })
}
