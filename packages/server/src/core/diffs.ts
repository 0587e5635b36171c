import { type Digest, digestOf } from '@holotype/base'
import { z } from 'zod'
import {
  type Approval,
  type approvalRequestSchema,
  type DiffSummary,
  type diffRequestSchema,
  digestSchema,
} from '../api.ts'
import { fail } from '../errors.ts'
import { DIFFS_SHOWN } from '../limits.ts'
import type { Context, Queries } from './context.ts'
import { OPERATOR, recordDecision } from './decision.ts'

const sideSchema = z.looseObject({ image: digestSchema, name: z.string().max(255) })
/** What the server needs of a diff; the rest (image/src/types.ts, ImageDiff) is for who reviews it. */
const diffSchema = z.looseObject({
  schema: z.literal('holotype.diff/1'),
  from: sideSchema,
  to: sideSchema,
  summary: z.looseObject({ high: z.number().int().min(0) }),
})

/**
 * Stores a diff for review, byte for byte: approvals stand for its digest. Idempotent.
 * @throws DIFF_DIGEST, REQUEST_INVALID
 */
export async function registerDiff(
  { db, now, changes }: Context,
  { digest, body }: z.output<typeof diffRequestSchema>,
): Promise<void> {
  if (digestOf(body) !== digest) throw fail('DIFF_DIGEST', { what: `the body sent is not ${digest}` })
  const diff = diffSchema.safeParse(parseJson(body))
  if (!diff.success) throw fail('REQUEST_INVALID', { what: `the diff is malformed: ${z.prettifyError(diff.error)}` })
  const { from, to, summary } = diff.data
  const time = now()
  const isNew = await db.transaction().execute(async (transaction) => {
    const stored = await transaction
      .insertInto('diffs')
      .values({
        digest,
        body,
        from_image: from.image,
        from_name: from.name,
        to_image: to.image,
        to_name: to.name,
        high: summary.high,
        registered_at: time,
      })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .returning('digest')
      .executeTakeFirst()
    if (!stored) return false
    await recordDecision(transaction, {
      time,
      actor: OPERATOR,
      action: 'diff.register',
      subject: digest,
      reason: `${from.name} to ${to.name}`,
    })
    return true
  })
  if (isNew) changes.announce('diffs', 'audit')
}

/**
 * Writes a reviewer's verdict on a diff. Verdicts are kept, never changed: of one person the last counts.
 * @throws DIFF_UNKNOWN
 */
export async function approveDiff(
  { db, now, changes }: Context,
  diff: Digest,
  { actor, verdict, comment }: z.output<typeof approvalRequestSchema>,
): Promise<Approval> {
  const time = now()
  await db.transaction().execute(async (transaction) => {
    const known = await transaction.selectFrom('diffs').select('digest').where('digest', '=', diff).executeTakeFirst()
    if (!known) throw fail('DIFF_UNKNOWN', { what: `no diff ${diff} is registered` })
    await transaction.insertInto('approvals').values({ diff, actor, verdict, comment, time }).execute()
    await recordDecision(transaction, {
      time,
      actor,
      action: verdict === 'approved' ? 'diff.approve' : 'diff.reject',
      subject: diff,
      reason: comment,
    })
  })
  changes.announce('diffs', 'audit')
  return { diff, actor, verdict, comment, time: time.toISOString() }
}

/**
 * A diff with its approvals and how many it needs, as JSON text: the body is put in as it was registered, not parsed and printed anew.
 * @throws DIFF_UNKNOWN
 */
export async function diffDetail(
  { db, approvalsRequired }: Pick<Context, 'db' | 'approvalsRequired'>,
  digest: Digest,
): Promise<string> {
  const diff = await db.selectFrom('diffs').select('body').where('digest', '=', digest).executeTakeFirst()
  if (!diff) throw fail('DIFF_UNKNOWN', { what: `no diff ${digest} is registered` })
  const approvals = await approvalsOf(db, [digest])
  return `{"diff":${diff.body},"approvals":${JSON.stringify(approvals)},"approvalsRequired":${approvalsRequired}}`
}

/** The newest diffs, without their bodies. */
export async function listDiffs({
  db,
  approvalsRequired,
}: Pick<Context, 'db' | 'approvalsRequired'>): Promise<DiffSummary[]> {
  const rows = await db
    .selectFrom('diffs')
    .select(['digest', 'from_image', 'from_name', 'to_image', 'to_name', 'high', 'registered_at'])
    .orderBy('registered_at', 'desc')
    .orderBy('digest')
    .limit(DIFFS_SHOWN)
    .execute()
  const approvals = await approvalsOf(
    db,
    rows.map(({ digest }) => digest),
  )
  return rows.map((row) => ({
    diff: row.digest,
    from: row.from_image,
    fromName: row.from_name,
    to: row.to_image,
    toName: row.to_name,
    registered: row.registered_at.toISOString(),
    high: row.high,
    approvals: approvals.filter(({ diff }) => diff === row.digest),
    approvalsRequired,
  }))
}

async function approvalsOf(db: Queries, diffs: readonly Digest[]): Promise<Approval[]> {
  if (diffs.length === 0) return []
  const rows = await db
    .selectFrom('approvals')
    .select(['diff', 'actor', 'verdict', 'comment', 'time'])
    .where('diff', 'in', diffs)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...row, time: row.time.toISOString() }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fail('REQUEST_INVALID', { what: 'the diff is not JSON', cause: error })
  }
}
