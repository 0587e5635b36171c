import { HolotypeError, renderPairs, shortDigest } from '@holotype/base'
import type { ChannelStatement } from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { publish, statementOf, tellServer } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'

export type Flags = CommonFlags & { readonly reason?: string }

/**
 * A new, higher statement that names the current image alone: nodes that moved go back. The emergency brake: it asks nobody, and the server, if it does
 * not answer, is told by the channel's next command.
 * @throws ROLLOUT_NONE, STATEMENT_*, KEY_*, TRUST_BUSY, DISK_FULL
 */
export async function run(context: Context, flags: Flags, channel: string): Promise<ChannelStatement> {
  const before = await statementOf(context, channel)
  if (!before?.rollout) throw fail('ROLLOUT_NONE', { what: `channel ${channel} has no rollout under way` })
  const reason = flags.reason ?? `stop ${before.rollout.id}`
  const statement = await publish(context, before, { channel, current: before.current, reason })
  await listSite(context)
  await tellServer(context, statement).catch((error: unknown) => {
    if (!(error instanceof HolotypeError)) throw error
    const text = `the rollout is stopped, and the server does not know it yet (${error.message}): it will be told by the channel's next command`
    context.progress({ kind: 'note', level: 'warning', text })
  })
  return statement
}

export function show(statement: ChannelStatement, { paint }: View): string {
  return renderPairs(
    [
      ['stopped', paint.bold(`channel ${statement.channel} stays at ${shortDigest(statement.current.image)}`)],
      ['published', `statement ${statement.number}`],
    ],
    paint,
  )
}
