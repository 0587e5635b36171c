import type { Transaction } from 'kysely'
import type { Database } from '../database/schema.ts'

/** One line of the audit log. */
export interface DecisionRecord {
  readonly time: Date
  readonly actor: string
  readonly action:
    | 'token.create'
    | 'node.enrol'
    | 'image.register'
    | 'diff.register'
    | 'diff.approve'
    | 'diff.reject'
    | 'diff.comment'
    | 'reviewer.token'
    | 'channel.point'
    | 'rollout.start'
    | 'rollout.open-wave'
    | 'rollout.change'
    | 'rollout.finish'
    | 'rollout.stop'
  readonly subject: string
  readonly reason?: string
  readonly commit?: string
}

/** The operator's token names nobody: who holds it is the operator. */
export const OPERATOR = 'operator'

/** Writes a decision into the audit log, in the transaction that takes it (invariant: every decision leaves a record). */
export async function recordDecision(transaction: Transaction<Database>, decision: DecisionRecord): Promise<void> {
  await transaction
    .insertInto('audit')
    .values({ ...decision, reason: decision.reason ?? '', commit: decision.commit ?? '' })
    .execute()
}
