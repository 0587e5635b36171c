import type { AuditRecord } from '../api.ts'
import { AUDIT_SHOWN } from '../limits.ts'
import type { Queries } from './context.ts'

/** The newest decisions, newest first. */
export async function listDecisions(db: Queries): Promise<AuditRecord[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['id', 'time', 'actor', 'action', 'subject', 'reason', 'commit'])
    .orderBy('id', 'desc')
    .limit(AUDIT_SHOWN)
    .execute()
  return rows.map((row) => ({ ...row, time: row.time.toISOString() }))
}
