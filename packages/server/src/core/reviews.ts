import { type Digest } from '@holotype/base'
import { judgeReview, reviewPolicyDigest, type ReviewState } from '@holotype/distribution'
import type { z } from 'zod'
import type {
  Approval,
  approvalRequestSchema,
  Comment,
  commentRequestSchema,
  DiffDetail,
  reviewedRequestSchema,
} from '../api.ts'
import { fail } from '../errors.ts'
import { COMMENTS_SHOWN, TICKS_SHOWN } from '../limits.ts'
import type { Context, Queries } from './context.ts'
import { recordDecision } from './decision.ts'

/** Who speaks: by their own token, or named by who holds the operator's. */
export interface Speaker {
  readonly actor: string
  readonly proven: boolean
}

/** @throws ACTOR_OTHER, REQUEST_INVALID */
export function speakerOf(reviewer: string | undefined, named: string | undefined): Speaker {
  if (reviewer === undefined) {
    if (named === undefined)
      throw fail('REQUEST_INVALID', { what: 'with the operator’s token the request must name its actor' })
    return { actor: named, proven: false }
  }
  if (named !== undefined && named !== reviewer)
    throw fail('ACTOR_OTHER', { what: `the token is ${reviewer}'s, the request speaks for ${named}` })
  return { actor: reviewer, proven: true }
}

/**
 * Writes a reviewer's verdict on a diff. Verdicts are kept, never changed: of one person the last counts. An approval must name the hazards
 * that nobody has named under the policy that holds.
 * @throws DIFF_UNKNOWN, HAZARD_UNNAMED, HAZARD_UNKNOWN
 */
export async function giveVerdict(
  { db, now, changes, reviewPolicy }: Context,
  { actor, proven }: Speaker,
  { diff, verdict, comment, hazards, evidence }: z.output<typeof approvalRequestSchema> & { readonly diff: Digest },
): Promise<Approval> {
  const time = now()
  const policy = reviewPolicyDigest(reviewPolicy)
  await db.transaction().execute(async (transaction) => {
    const known = await knownDiff(transaction, diff)
    const strange = hazards.find((hazard) => !known.hazards.includes(hazard))
    if (strange !== undefined) throw fail('HAZARD_UNKNOWN', { what: `the diff has no hazard ${strange}` })
    if (verdict === 'approved') {
      const before = await approvalsOf(transaction, [diff])
      const named = before.filter(
        (other) => other.verdict === 'approved' && other.actor !== actor && other.policy === policy,
      )
      const unnamed = known.hazards.filter(
        (id) => !hazards.includes(id) && !named.some((other) => other.hazards.includes(id)),
      )
      if (unnamed.length > 0)
        throw fail('HAZARD_UNNAMED', { what: `nobody has named ${unnamed.join(', ')}`, data: { hazards: unnamed } })
    }
    await transaction
      .insertInto('approvals')
      .values({ diff, actor, verdict, comment, time, policy, hazards: [...hazards], proven, evidence })
      .execute()
    await recordDecision(transaction, {
      time,
      actor,
      action: verdict === 'approved' ? 'diff.approve' : 'diff.reject',
      subject: diff,
      reason: [comment, ...hazards.map((hazard) => `names the hazard ${hazard}`)]
        .filter((text) => text !== '')
        .join('; '),
    })
  })
  changes.announce('diffs', 'audit')
  return { diff, actor, verdict, comment, time: time.toISOString(), policy, hazards, proven }
}

/** Writes a comment on one item of a diff, or on the whole. @throws DIFF_UNKNOWN */
export async function addComment(
  { db, now, changes }: Context,
  { actor }: Speaker,
  { diff, item, text }: z.output<typeof commentRequestSchema> & { readonly diff: Digest },
): Promise<Comment> {
  const time = now()
  await db.transaction().execute(async (transaction) => {
    await knownDiff(transaction, diff)
    await transaction.insertInto('comments').values({ diff, item, actor, text, time }).execute()
    const reason = item === '' ? text : `${item}: ${text}`
    await recordDecision(transaction, { time, actor, action: 'diff.comment', subject: diff, reason })
  })
  changes.announce('diffs', 'audit')
  return { item, actor, text, time: time.toISOString() }
}

/** Sets or takes away a person's ticks: notes for the people who review, no decision. @throws DIFF_UNKNOWN */
export async function tick(
  { db, now, changes }: Context,
  { actor }: Speaker,
  { diff, items, reviewed }: z.output<typeof reviewedRequestSchema> & { readonly diff: Digest },
): Promise<void> {
  const time = now()
  await db.transaction().execute(async (transaction) => {
    await knownDiff(transaction, diff)
    if (reviewed) {
      const rows = [...new Set(items)].map((item) => ({ diff, actor, item, time }))
      await transaction
        .insertInto('reviewed')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    } else {
      await transaction
        .deleteFrom('reviewed')
        .where('diff', '=', diff)
        .where('actor', '=', actor)
        .where('item', 'in', items)
        .execute()
    }
  })
  changes.announce('diffs')
}

async function knownDiff(db: Queries, digest: Digest): Promise<{ readonly hazards: readonly string[] }> {
  const known = await db.selectFrom('diffs').select('hazards').where('digest', '=', digest).executeTakeFirst()
  if (!known) throw fail('DIFF_UNKNOWN', { what: `no diff ${digest} is registered` })
  return known
}

/** What was said of a diff, as `GET /diffs/:digest` has it. */
export async function reviewOf(
  { db, reviewPolicy }: Pick<Context, 'db' | 'reviewPolicy'>,
  diff: { readonly digest: Digest; readonly hazards: readonly string[]; readonly authors: readonly string[] },
): Promise<Omit<DiffDetail, 'diff'>> {
  const approvals = await db
    .selectFrom('approvals')
    .select(['diff', 'actor', 'verdict', 'comment', 'time', 'policy', 'hazards', 'proven', 'evidence'])
    .where('diff', '=', diff.digest)
    .orderBy('id')
    .execute()
  const comments = await db
    .selectFrom('comments')
    .select(['item', 'actor', 'text', 'time'])
    .where('diff', '=', diff.digest)
    .orderBy('id')
    .limit(COMMENTS_SHOWN)
    .execute()
  const reviewed = await db
    .selectFrom('reviewed')
    .select(['item', 'actor', 'time'])
    .where('diff', '=', diff.digest)
    .orderBy('item')
    .orderBy('actor')
    .limit(TICKS_SHOWN)
    .execute()
  const given = approvals.map((row) => ({ ...row, time: row.time.toISOString() }))
  return {
    authors: [...diff.authors],
    policy: reviewPolicyDigest(reviewPolicy),
    review: judge(reviewPolicy, given, diff),
    approvals: given,
    comments: comments.map((row) => ({ ...row, time: row.time.toISOString() })),
    reviewed: reviewed.map((row) => ({ ...row, time: row.time.toISOString() })),
  }
}

/** The verdicts on some diffs, oldest first. */
export async function approvalsOf(db: Queries, diffs: readonly Digest[]): Promise<Approval[]> {
  if (diffs.length === 0) return []
  const rows = await db
    .selectFrom('approvals')
    .select(['diff', 'actor', 'verdict', 'comment', 'time', 'policy', 'hazards', 'proven'])
    .where('diff', 'in', diffs)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...row, time: row.time.toISOString() }))
}

/** Where the review of a diff stands. */
export function judge(
  policy: Context['reviewPolicy'],
  approvals: readonly Approval[],
  { hazards, authors }: { readonly hazards: readonly string[]; readonly authors: readonly string[] },
): { state: ReviewState['state']; words: string; missing: string[] } {
  const { state, words, missing } = judgeReview({ policy, verdicts: approvals, authors, hazards })
  return { state, words, missing: [...missing] }
}
