import { hash } from 'node:crypto'
import { canonicalJson, cleanText } from '@holotype/base'
import type { RunReport } from '@holotype/agent'
import { sql } from 'kysely'
import { fail } from '../errors.ts'
import { RUNS_KEPT } from '../limits.ts'
import type { NodeIdentity } from './checkin.ts'
import type { Context } from './context.ts'

/**
 * Stores what one sync did; of each node the newest are kept. Idempotent by the run's id.
 * @throws RUN_CONFLICT if the id was reported with other content
 */
export async function storeRun(
  { db, now, changes, metrics }: Context,
  { node, time }: NodeIdentity,
  report: RunReport,
): Promise<void> {
  const at = now()
  const sha256 = hash('sha256', canonicalJson(report), 'buffer')
  const started = new Date(report.started)
  const isNew = await db.transaction().execute(async (transaction) => {
    const stored = await transaction
      .insertInto('runs')
      .values({
        node,
        run: report.run,
        sha256,
        report: JSON.stringify(report, cleaned),
        started_at: started,
        received_at: at,
      })
      .onConflict((conflict) => conflict.columns(['node', 'run']).doNothing())
      .returning('run')
      .executeTakeFirst()
    if (!stored) {
      const before = await transaction
        .selectFrom('runs')
        .select('sha256')
        .where('node', '=', node)
        .where('run', '=', report.run)
        .executeTakeFirst()
      if (before?.sha256.equals(sha256)) return false
      throw fail('RUN_CONFLICT', { what: `the run ${report.run} was reported before with other content` })
    }
    // A node may report its first run before it ever checked in.
    await sql`
      insert into node_states as old
        (node, image, image_since, statement, set_digest, set_since, kernel, flags, seen_at, signed_at, run, run_outcome, run_to, run_started_at)
      values (${node}, null, ${at}, ${report.statement}, null, ${at}, '', '{}', ${at}, ${time}, ${report.run}, ${report.outcome}, ${report.to}, ${started})
      on conflict (node) do update set
        run = excluded.run, run_outcome = excluded.run_outcome, run_to = excluded.run_to,
        run_started_at = excluded.run_started_at, seen_at = greatest(old.seen_at, excluded.seen_at)
      where old.run_started_at is null or old.run_started_at <= excluded.run_started_at`.execute(transaction)
    await sql`
      delete from runs where node = ${node} and started_at < (
        select started_at from runs where node = ${node} order by started_at desc offset ${RUNS_KEPT - 1} limit 1)`.execute(
      transaction,
    )
    return true
  })
  if (!isNew) return
  metrics.runs.inc({ outcome: report.outcome })
  changes.announce('nodes')
}

/** What programs printed on a node may hold anything: no control characters, no secrets, no half characters, which jsonb refuses. */
function cleaned(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value.toWellFormed()) : value
}
