import type { Digest } from '@holotype/base'
import { findingsOf } from '@holotype/audit'
import type { Context } from './context.ts'

/**
 * Compares a set with an image's baseline and stores the result, once for the pair however many nodes have it. Two that do so at once store
 * the same. Nothing happens while either is unknown.
 */
export async function ensureFindings(
  { db, now, changes, metrics }: Context,
  set: Digest,
  image: Digest,
): Promise<void> {
  const pair = await db
    .selectFrom('sets')
    .innerJoin('images', (join) => join.on('images.image', '=', image))
    .leftJoin('set_findings', (join) =>
      join.onRef('set_findings.set_digest', '=', 'sets.digest').onRef('set_findings.image', '=', 'images.image'),
    )
    .where('sets.digest', '=', set)
    .where('set_findings.image', 'is', null)
    .select(['sets.body', 'images.packages'])
    .executeTakeFirst()
  if (!pair) return
  const findings = findingsOf(pair.body, pair.packages)
  metrics.findingsComputed.inc()
  await db
    .insertInto('set_findings')
    .values({
      set_digest: set,
      image,
      findings: JSON.stringify(findings),
      count: findings.length,
      computed_at: now(),
    })
    .onConflict((conflict) => conflict.columns(['set_digest', 'image']).doNothing())
    .execute()
  changes.announce('findings', 'nodes')
}

/** Judges every pair that a newly known set or image completes: those that nodes really report. */
export async function judgeNewPairs(
  context: Context,
  known: { readonly set: Digest } | { readonly image: Digest },
): Promise<void> {
  const reported = context.db.selectFrom('node_states').select(['set_digest', 'image']).distinct()
  const pairs = await ('set' in known
    ? reported.where('set_digest', '=', known.set)
    : reported.where('image', '=', known.image)
  ).execute()
  for (const { set_digest, image } of pairs) if (set_digest && image) await ensureFindings(context, set_digest, image)
}
