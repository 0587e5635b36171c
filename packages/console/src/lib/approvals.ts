import type { Approval } from '@holotype/server/api'
import { counted } from './format.ts'

/** Where a review stands: of each actor the last word counts. */
export interface ReviewState {
  readonly verdict: 'open' | 'approved' | 'rejected'
  readonly words: string
}

/** The approvals of a diff, and how many the distribution's policy demands. */
interface Reviewed {
  readonly approvals: readonly Approval[]
  readonly approvalsRequired: number
}

/** In words: `2 approvals: anna, bo`, `needs 1 more approval (anna approved)`, `rejected by anna`. */
export function reviewState({ approvals, approvalsRequired }: Reviewed): ReviewState {
  const last = new Map<string, Approval>()
  for (const approval of approvals.toSorted((left, right) => Date.parse(left.time) - Date.parse(right.time))) {
    last.set(approval.actor, approval)
  }
  const standing = [...last.values()]
  const rejected = standing.filter((approval) => approval.verdict === 'rejected').map((approval) => approval.actor)
  if (rejected.length > 0) return { verdict: 'rejected', words: `rejected by ${rejected.join(', ')}` }
  const who = standing.map((approval) => approval.actor).join(', ')
  const missing = approvalsRequired - standing.length
  if (missing > 0) {
    const more = standing.length === 0 ? '' : 'more '
    const words = `needs ${missing} ${more}${missing === 1 ? 'approval' : 'approvals'}`
    return { verdict: 'open', words: who === '' ? words : `${words} (${who} approved)` }
  }
  if (standing.length === 0) return { verdict: 'approved', words: 'needs no approval' }
  return { verdict: 'approved', words: `${counted(standing.length, 'approval')}: ${who}` }
}
