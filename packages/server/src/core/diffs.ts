import { type Digest, digestOf } from '@holotype/base'
import { sql } from 'kysely'
import { z } from 'zod'
import { type DiffSummary, type diffRequestSchema, digestSchema } from '../api.ts'
import { fail } from '../errors.ts'
import { DIFFS_SHOWN, HAZARDS } from '../limits.ts'
import type { Context, Queries } from './context.ts'
import { OPERATOR, recordDecision } from './decision.ts'
import { approvalsOf, judge, reviewOf } from './reviews.ts'

const sideSchema = z.looseObject({ image: digestSchema, name: z.string().max(255) })
/** What the server needs of a diff; the rest (image/src/types.ts, ImageDiff) is for who reviews it. */
const diffSchema = z.looseObject({
  schema: z.literal('holotype.diff/1'),
  from: sideSchema,
  to: sideSchema,
  summary: z.looseObject({ high: z.number().int().min(0) }),
  hazards: z
    .array(z.looseObject({ id: z.string().min(1).max(255) }))
    .max(HAZARDS)
    .default([]),
})

/**
 * Stores a diff for review, byte for byte: approvals stand for its digest. Idempotent.
 * @throws DIFF_DIGEST, REQUEST_INVALID
 */
export async function registerDiff(
  { db, now, changes }: Context,
  { digest, body, authors }: z.output<typeof diffRequestSchema>,
): Promise<void> {
  if (digestOf(body) !== digest) throw fail('DIFF_DIGEST', { what: `the body sent is not ${digest}` })
  const diff = diffSchema.safeParse(parseJson(body))
  if (!diff.success) throw fail('REQUEST_INVALID', { what: `the diff is malformed: ${z.prettifyError(diff.error)}` })
  const { from, to, summary, hazards } = diff.data
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
        hazards: hazards.map(({ id }) => id),
        authors: [...authors],
      })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .returning('digest')
      .executeTakeFirst()
    if (!stored) {
      await addAuthors(transaction, digest, authors)
      return false
    }
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

/** Made by somebody else too, as whoever hands it in again knows: they are its authors as well. */
async function addAuthors(db: Queries, digest: Digest, authors: readonly string[]): Promise<void> {
  if (authors.length === 0) return
  await sql`
    update diffs set authors = array(select distinct unnest(authors || ${authors}::text[]) order by 1)
    where digest = ${digest} and not authors @> ${authors}::text[]`.execute(db)
}

/**
 * A diff with what was said of it, as JSON text: the body is put in as it was registered, not parsed and printed anew.
 * @throws DIFF_UNKNOWN
 */
export async function diffDetail(context: Pick<Context, 'db' | 'reviewPolicy'>, digest: Digest): Promise<string> {
  const diff = await context.db
    .selectFrom('diffs')
    .select(['digest', 'body', 'hazards', 'authors'])
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (!diff) throw fail('DIFF_UNKNOWN', { what: `no diff ${digest} is registered` })
  const review = await reviewOf(context, { ...diff, authors: diff.authors })
  return `{"diff":${diff.body},${JSON.stringify(review).slice(1)}`
}

/** The newest diffs, without their bodies. */
export async function listDiffs({ db, reviewPolicy }: Pick<Context, 'db' | 'reviewPolicy'>): Promise<DiffSummary[]> {
  const rows = await db
    .selectFrom('diffs')
    .select(['digest', 'from_image', 'from_name', 'to_image', 'to_name', 'high', 'registered_at', 'hazards', 'authors'])
    .orderBy('registered_at', 'desc')
    .orderBy('digest')
    .limit(DIFFS_SHOWN)
    .execute()
  const approvals = Map.groupBy(
    await approvalsOf(
      db,
      rows.map(({ digest }) => digest),
    ),
    ({ diff }) => diff,
  )
  return rows.map((row) => {
    const given = approvals.get(row.digest) ?? []
    return {
      diff: row.digest,
      from: row.from_image,
      fromName: row.from_name,
      to: row.to_image,
      toName: row.to_name,
      registered: row.registered_at.toISOString(),
      high: row.high,
      approvals: given,
      review: judge(reviewPolicy, given, { hazards: row.hazards, authors: row.authors }),
    }
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fail('REQUEST_INVALID', { what: 'the diff is not JSON', cause: error })
  }
}
