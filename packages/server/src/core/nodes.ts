import type { Finding, NodeDetail, NodeSummary } from '../api.ts'
import { fail } from '../errors.ts'
import { RUNS_SHOWN } from '../limits.ts'
import type { Queries } from './context.ts'

/** Every node with its last state, by name. */
export async function listNodes(db: Queries): Promise<NodeSummary[]> {
  const rows = await summaries(db).orderBy('nodes.name').orderBy('nodes.node').execute()
  return rows.map(summaryOf)
}

/**
 * A node by its id, or by its name where only one has it.
 * @throws NODE_UNKNOWN
 */
export async function nodeDetail(db: Queries, idOrName: string): Promise<NodeDetail> {
  const rows = await summaries(db)
    .select(['nodes.enrolled_at', 'set_findings.findings as finding_list'])
    .where((where) => where.or([where('nodes.node', '=', idOrName), where('nodes.name', '=', idOrName)]))
    .limit(2)
    .execute()
  const byId = rows.find(({ node }) => node === idOrName)
  const row = byId ?? (rows.length === 1 ? rows[0] : undefined)
  if (!row) {
    const what = rows.length > 1 ? `several nodes are named ${idOrName}: give the id` : `no node ${idOrName}`
    throw fail('NODE_UNKNOWN', { what })
  }
  const runs = await db
    .selectFrom('runs')
    .select('report')
    .where('node', '=', row.node)
    .orderBy('started_at', 'desc')
    .limit(RUNS_SHOWN)
    .execute()
  const findingList: Finding[] = [...(row.finding_list ?? [])]
  return {
    ...summaryOf(row),
    enrolled: row.enrolled_at.toISOString(),
    findingList,
    runs: runs.map(({ report: { overrides, ...report } }) => ({
      ...report,
      ...(overrides ? { overrides: [...overrides] } : {}),
      repaired: [...report.repaired],
      triggers: [...report.triggers],
    })),
  }
}

function summaries(db: Queries) {
  return db
    .selectFrom('nodes')
    .leftJoin('node_states', 'node_states.node', 'nodes.node')
    .leftJoin('images', 'images.image', 'node_states.image')
    .leftJoin('set_findings', (join) =>
      join
        .onRef('set_findings.set_digest', '=', 'node_states.set_digest')
        .onRef('set_findings.image', '=', 'node_states.image'),
    )
    .select([
      'nodes.node',
      'nodes.name',
      'nodes.channel',
      'nodes.labels',
      'node_states.image',
      'images.name as image_name',
      'node_states.statement',
      'node_states.seen_at',
      'node_states.run_outcome',
      'node_states.kernel',
      'node_states.flags',
      'set_findings.count',
    ])
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>['executeTakeFirstOrThrow']>>

function summaryOf(row: SummaryRow): NodeSummary {
  return {
    node: row.node,
    name: row.name,
    channel: row.channel,
    labels: row.labels,
    image: row.image,
    imageName: row.image_name,
    statement: row.statement ?? 0,
    lastSeen: row.seen_at?.toISOString() ?? null,
    lastOutcome: row.run_outcome,
    kernel: row.kernel ?? '',
    flags: row.flags ?? [],
    findings: row.count ?? 0,
  }
}
