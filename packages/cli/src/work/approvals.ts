import { compareText } from '@holotype/base'
import type { Approval } from '@holotype/server/api'

/** What the verdicts on one diff come to. */
export interface Verdicts {
  /** How many people's last verdict is an approval. */
  readonly approved: number
  /** Somebody's last verdict is a rejection: it outweighs every approval. */
  readonly rejected?: Approval
}

/** Of one person the last verdict counts; of two at the same time the later in the list. Pure. */
export function lastVerdicts(approvals: readonly Approval[]): Verdicts {
  const inOrder = approvals.toSorted((a, b) => compareText(a.time, b.time))
  const last = [...new Map(inOrder.map((approval) => [approval.actor, approval])).values()]
  const rejected = last.find(({ verdict }) => verdict === 'rejected')
  return {
    approved: last.filter(({ verdict }) => verdict === 'approved').length,
    ...(rejected ? { rejected } : {}),
  }
}
