import { renderPairs, shortDigest } from '@holotype/base'
import { type DiffDetail, diffDetailSchema } from '@holotype/server/api'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count, relativeTime } from '../../view/words.ts'
import { reviewable } from '../../work/verdict.ts'

type Review = Omit<DiffDetail, 'diff'> & { readonly digest: string }

/** @throws what `reviewable` throws, and what the server answers */
export async function run(context: Context, _flags: CommonFlags, text: string): Promise<Review> {
  const { api, digest } = await reviewable(context, text)
  const { diff: _body, ...review } = await api.get(`diffs/${digest}`, diffDetailSchema)
  return { digest, ...review }
}

export function show(review: Review, { paint, now }: View): string {
  const verdicts = review.approvals.map(({ actor, verdict, comment, time, hazards, proven, policy }) => {
    const notes = [
      ...(proven ? [] : ['by the operator’s token']),
      ...(policy === review.policy || verdict === 'rejected' ? [] : ['under another policy: void']),
      ...hazards.map((hazard) => `names ${hazard}`),
      ...(comment === '' ? [] : [comment]),
    ]
    return [
      verdict,
      `${actor}, ${relativeTime(time, now)}${notes.length === 0 ? '' : `: ${notes.join('; ')}`}`,
    ] as const
  })
  const comments = review.comments.map(
    ({ actor, item, text, time }) =>
      [`on ${item === '' ? 'all' : item}`, `${text} (${actor}, ${relativeTime(time, now)})`] as const,
  )
  return renderPairs(
    [
      ['difference', shortDigest(review.digest)],
      ['review', paint.bold(`${review.review.state}: ${review.review.words}`)],
      ...(review.authors.length === 0 ? [] : [['made by', review.authors.join(', ')] as const]),
      ...verdicts,
      ...comments,
      ...(review.reviewed.length === 0 ? [] : [['ticks', count(review.reviewed.length, 'item')] as const]),
    ],
    paint,
  )
}
