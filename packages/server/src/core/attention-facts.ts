import { sql } from 'kysely'
import type { Finding, Rollout } from '../api.ts'
import { ATTENTION_SHOWN, NODE_SILENT_SECONDS, NODES_NAMED } from '../limits.ts'
import type { AttentionFacts, NodeGroup } from './attention.ts'
import type { Context } from './context.ts'
import { approvalsOf, judge } from './reviews.ts'

interface GroupRow {
  readonly nodes: readonly string[]
  readonly names: readonly string[]
  readonly count: number
  readonly since: Date
}

/** The node is not where its channel leads, because it went back from there. */
const ROLLED_BACK = sql<boolean>`coalesce('rolled-back' = any(node_states.flags), false)`

/** Reads what the attention list is made from: grouped and limited by the database. */
export async function readAttentionFacts(
  { db, now, reviewPolicy }: Pick<Context, 'db' | 'now' | 'reviewPolicy'>,
  rollouts: readonly Rollout[],
): Promise<AttentionFacts> {
  const silentSince = new Date(now().getTime() - NODE_SILENT_SECONDS * 1000)
  const findings = await sql<GroupRow & { name: string; findings: readonly Finding[] }>`
    select f.findings, i.name, count(*) as count, max(greatest(s.set_since, s.image_since)) as since,
      (array_agg(n.node order by n.name))[1:${sql.lit(NODES_NAMED)}] as nodes,
      (array_agg(n.name order by n.name))[1:${sql.lit(NODES_NAMED)}] as names
    from set_findings f
    join node_states s on s.set_digest = f.set_digest and s.image = f.image
    join nodes n on n.node = s.node
    join images i on i.image = f.image
    where f.count > 0
    group by f.set_digest, f.image, i.name
    order by count(*) desc
    limit ${ATTENTION_SHOWN}`.execute(db)
  const failed = await db
    .selectFrom('node_states')
    .innerJoin('nodes', 'nodes.node', 'node_states.node')
    // Of a node that went back the run that made it go; of any other the last one.
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('runs')
          .whereRef('runs.node', '=', 'node_states.node')
          .where(
            sql<boolean>`case when ${ROLLED_BACK} then runs.report->>'outcome' = 'failed' else runs.run = node_states.run end`,
          )
          .orderBy('runs.started_at', 'desc')
          .limit(1)
          .select(['runs.received_at', 'runs.report'])
          .as('told'),
      (join) => join.onTrue(),
    )
    .where((where) =>
      where.or([
        where('run_outcome', '=', 'failed'),
        where(sql<boolean>`'failed' = any(flags)`, '=', true),
        where(ROLLED_BACK, '=', true),
      ]),
    )
    .select([
      'nodes.node',
      'nodes.name',
      'node_states.seen_at',
      'told.received_at',
      'told.report',
      ROLLED_BACK.as('rolled_back'),
    ])
    .orderBy('nodes.name')
    .limit(ATTENTION_SHOWN)
    .execute()
  const silent = await sql<GroupRow>`
    select count(*) as count, coalesce(min(coalesce(s.seen_at, n.enrolled_at)), to_timestamp(0)) as since,
      coalesce((array_agg(n.node order by n.name))[1:${sql.lit(NODES_NAMED)}], '{}') as nodes,
      coalesce((array_agg(n.name order by n.name))[1:${sql.lit(NODES_NAMED)}], '{}') as names
    from nodes n left join node_states s on s.node = n.node
    where coalesce(s.seen_at, n.enrolled_at) < ${silentSince}`.execute(db)
  const overriding = await sql<GroupRow>`
    select count(*) as count, coalesce(max(s.run_started_at), max(s.seen_at), to_timestamp(0)) as since,
      coalesce((array_agg(n.node order by n.name))[1:${sql.lit(NODES_NAMED)}], '{}') as nodes,
      coalesce((array_agg(n.name order by n.name))[1:${sql.lit(NODES_NAMED)}], '{}') as names
    from nodes n join node_states s on s.node = n.node
    where 'overrides' = any(s.flags)`.execute(db)
  const waiting = await db
    .selectFrom('diffs')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('channels')
            .where((channel) =>
              channel.or([
                channel('current_image', '=', channel.ref('diffs.to_image')),
                channel('next_image', '=', channel.ref('diffs.to_image')),
              ]),
            )
            .select(sql.lit(1).as('one')),
        ),
      ),
    )
    .select(['digest', 'from_name', 'to_name', 'to_image', 'high', 'registered_at', 'hazards', 'authors'])
    .orderBy('registered_at', 'desc')
    .limit(ATTENTION_SHOWN)
    .execute()
  const approvals = Map.groupBy(
    await approvalsOf(
      db,
      waiting.map(({ digest }) => digest),
    ),
    ({ diff }) => diff,
  )
  const unjudged = waiting.flatMap((row) => {
    const given = approvals.get(row.digest) ?? []
    const { state, words } = judge(reviewPolicy, given, { hazards: row.hazards, authors: row.authors })
    return state === 'open' ? [{ ...row, words }] : []
  })
  return {
    findings: findings.rows.map((row) => ({ ...groupOf(row), imageName: row.name, findings: row.findings })),
    failed: failed.map((row) => ({
      node: row.node,
      name: row.name,
      since: row.received_at ?? row.seen_at,
      rolledBack: row.rolled_back,
      error: row.report?.outcome === 'failed' ? row.report.error : undefined,
    })),
    silent: groupOf(silent.rows[0] ?? { nodes: [], names: [], count: 0, since: silentSince }),
    overriding: groupOf(overriding.rows[0] ?? { nodes: [], names: [], count: 0, since: silentSince }),
    silentSeconds: NODE_SILENT_SECONDS,
    unjudged: unjudged.map((row) => ({
      diff: row.digest,
      fromName: row.from_name,
      toName: row.to_name,
      to: row.to_image,
      high: row.high,
      since: row.registered_at,
      needs: row.words,
    })),
    rollouts,
  }
}

function groupOf({ nodes, names, count, since }: GroupRow): NodeGroup {
  return { nodes: nodes.map((node, index) => ({ node, name: names[index] ?? node })), count, since }
}
