import { type Digest, renderPairs, shortDigest } from '@holotype/base'
import { type Approval, approvalSchema } from '@holotype/server/api'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { CommonFlags } from '../flags.ts'
import type { View } from '../view/view.ts'
import { resolveName } from './names.ts'
import { registerDiff } from './review.ts'

export type VerdictFlags = CommonFlags & { readonly comment?: string }

const imagesSchema = z.object({ from: z.object({ image: z.string() }), to: z.object({ image: z.string() }) })

/**
 * Records a verdict on exactly one diff. It is handed in first, in case it was not.
 * @throws NAME_UNKNOWN, NAME_AMBIGUOUS, SERVER_*, TOKEN_MISSING
 */
export async function giveVerdict(
  context: Context,
  given: { readonly verdict: Approval['verdict']; readonly text: string; readonly flags: VerdictFlags },
): Promise<Approval> {
  const store = await context.store()
  const digest = resolveName(store, 'diffs', { text: given.text, names: ['all'] })
  const images = imagesSchema.parse(store.readJson(digest))
  const api = await context.api()
  const asDigest = (text: string): Digest => `sha256:${text.replace(/^sha256:/, '')}`
  await registerDiff(api, store, { digest, from: asDigest(images.from.image), to: asDigest(images.to.image) })
  const body = { actor: context.actor, verdict: given.verdict, comment: given.flags.comment ?? '' }
  return api.post(`diffs/${digest}/approvals`, body, approvalSchema)
}

export function showVerdict(approval: Approval, { paint }: View): string {
  return renderPairs(
    [
      [approval.verdict, `${paint.bold(shortDigest(approval.diff))} by ${approval.actor}`],
      ...(approval.comment ? [['because', approval.comment] as const] : []),
    ],
    paint,
  )
}
