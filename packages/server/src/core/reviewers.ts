import { hash, randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type { reviewerRequestSchema } from '../api.ts'
import type { Context } from './context.ts'
import { OPERATOR, recordDecision } from './decision.ts'

/** What a reviewer's token begins with: it is known for one wherever it turns up. */
const PREFIX = 'holotype-reviewer-'

/** Makes a token of a person's or a script's own. Of the secret only its SHA-256 is kept. */
export async function createReviewerToken(
  { db, now, changes }: Context,
  { actor, validFor }: z.output<typeof reviewerRequestSchema>,
): Promise<{ readonly token: string; readonly expires: Date }> {
  const token = `${PREFIX}${randomBytes(24).toString('base64url')}`
  const time = now()
  const expires = new Date(time.getTime() + validFor * 1000)
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('reviewers')
      .values({ secret_sha256: hash('sha256', token, 'buffer'), actor, created_at: time, expires_at: expires })
      .execute()
    const reason = `good until ${expires.toISOString()}`
    await recordDecision(transaction, { time, actor: OPERATOR, action: 'reviewer.token', subject: actor, reason })
  })
  changes.announce('audit')
  return { token, expires }
}

/** Whose token this is; undefined for none, or one that has expired. */
export async function reviewerOf({ db, now }: Pick<Context, 'db' | 'now'>, token: string): Promise<string | undefined> {
  if (!token.startsWith(PREFIX)) return undefined
  const row = await db
    .selectFrom('reviewers')
    .select('actor')
    .where('secret_sha256', '=', hash('sha256', token, 'buffer'))
    .where('expires_at', '>', now())
    .executeTakeFirst()
  return row?.actor
}
