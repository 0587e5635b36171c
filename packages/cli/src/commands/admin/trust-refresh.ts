import { HolotypeError, renderTable } from '@holotype/base'
import { refreshTrust, type Renewal } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { relativeTime } from '../../view/words.ts'
import { tellServer } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'

/**
 * Signs anew what keeps the site good, for a timer. The server, if it does not answer, is told by the channel's next command.
 * @throws METADATA_*, KEY_MISSING, KEY_PERMISSIONS, SIGNER_FAILED, TRUST_BUSY, DISK_FULL
 */
export async function run(context: Context, _flags: CommonFlags): Promise<readonly Renewal[]> {
  const options = { site: context.home.site, keyring: await context.keyring(), now: context.now() }
  const renewals = await refreshTrust(options)
  await listSite(context)
  for (const { statement } of renewals) {
    if (!statement) continue
    await tellServer(context, statement).catch((error: unknown) => {
      if (!(error instanceof HolotypeError)) throw error
      const text = `the server has not heard of statement ${statement.number} of ${statement.channel} yet (${error.message})`
      context.progress({ kind: 'note', level: 'warning', text })
    })
  }
  return renewals
}

export function show(renewals: readonly Renewal[], { paint, now }: View): string {
  const said = ({ renewed, elsewhere, statement }: Renewal) => {
    if (elsewhere) return paint.bold('its holders must sign soon: holotype admin trust prepare DIR')
    if (statement) return `signed anew: statement ${statement.number} repeats ${statement.renews}`
    return renewed ? 'signed anew' : ''
  }
  return renderTable(
    [{ title: 'ROLE' }, { title: 'GOOD UNTIL' }, { title: '' }, { title: '' }],
    renewals.map((renewal) => [renewal.role, renewal.expires, relativeTime(renewal.expires, now), said(renewal)]),
    { paint },
  )
}
