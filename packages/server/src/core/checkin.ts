import type { z } from 'zod'
import { sql } from 'kysely'
import type { CheckinResponse } from '@holotype/agent'
import type { checkinRequestSchema } from '../api.ts'
import type { Context } from './context.ts'
import { ensureFindings } from './findings.ts'

/** Who signed a request, and when by its own clock (Unix seconds, already judged). */
export interface NodeIdentity {
  readonly node: string
  readonly time: number
}

interface Known {
  readonly set_known: boolean
  readonly image_known: boolean
  readonly judged: boolean
}

/**
 * Stores a node's state: one statement, one row. A check-in signed before the newest one changes nothing, so that a replayed or late one does
 * no harm. Answers whether the node's set must be sent, and judges the pair of set and image the first time it is met.
 */
export async function checkin(
  context: Context,
  { node, time }: NodeIdentity,
  state: z.output<typeof checkinRequestSchema>,
): Promise<CheckinResponse> {
  const { db, now, changes, metrics } = context
  const at = now()
  const { rows } = await sql<Known>`
    with stored as (
      insert into node_states as old
        (node, image, image_since, statement, set_digest, set_since, kernel, flags, seen_at, signed_at)
      values (${node}, ${state.image}, ${at}, ${state.statement}, ${state.set}, ${at}, ${state.kernel}, ${state.flags}, ${at}, ${time})
      on conflict (node) do update set
        image_since = case when old.image is distinct from excluded.image then excluded.image_since else old.image_since end,
        set_since = case when old.set_digest is distinct from excluded.set_digest then excluded.set_since else old.set_since end,
        image = excluded.image, statement = excluded.statement, set_digest = excluded.set_digest,
        kernel = excluded.kernel, flags = excluded.flags, seen_at = excluded.seen_at, signed_at = excluded.signed_at
      where excluded.signed_at >= old.signed_at
    )
    select
      exists(select from sets where digest = ${state.set}) as set_known,
      exists(select from images where image = ${state.image}) as image_known,
      exists(select from set_findings where set_digest = ${state.set} and image = ${state.image}) as judged`.execute(db)
  const known = rows[0]
  if (state.set && state.image && known?.set_known && known.image_known && !known.judged)
    await ensureFindings(context, state.set, state.image)
  const answer = state.set !== null && !known?.set_known ? 'send-set' : 'same'
  metrics.checkins.inc({ answer })
  changes.announce('nodes')
  return { answer }
}
