import { type Digest, renderPairs, shortDigest } from '@holotype/base'
import { type Approval, approvalSchema } from '@holotype/server/api'
import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import type { Context } from '../context.ts'
import type { CommonFlags } from '../flags.ts'
import type { View } from '../view/view.ts'
import { readGivenFile } from './given-file.ts'
import { resolveName } from './names.ts'
import { registerDiff } from './review.ts'

export type VerdictFlags = CommonFlags & {
  readonly comment?: string
  readonly hazard?: readonly string[]
  readonly evidence?: string
}

const imagesSchema = z.object({ from: z.object({ image: z.string() }), to: z.object({ image: z.string() }) })

/** A diff that is known to the server, and what a request about it says of who speaks. */
export interface Reviewable {
  readonly api: ApiClient
  readonly digest: Digest
  /** Empty with a token of one's own: it says who it is. */
  readonly speaker: { readonly actor?: string }
}

/**
 * The diff that a text means, handed in for review in case it was not. A person's own token cannot hand one in: it is there already, or they
 * have nothing to review.
 * @throws NAME_UNKNOWN, NAME_AMBIGUOUS, SERVER_*, TOKEN_MISSING
 */
export async function reviewable(context: Context, text: string): Promise<Reviewable> {
  const api = await context.api()
  const store = await context.store()
  const digest = resolveName(store, 'diffs', { text, names: ['all'] })
  if (context.ownToken) return { api, digest, speaker: {} }
  const images = imagesSchema.parse(store.readJson(digest))
  const asDigest = (value: string): Digest => `sha256:${value.replace(/^sha256:/, '')}`
  await registerDiff(context, store, { digest, from: asDigest(images.from.image), to: asDigest(images.to.image) })
  return { api, digest, speaker: { actor: context.actor } }
}

/** Records a verdict on exactly one diff. @throws as {@link reviewable}, HAZARD_UNNAMED, HAZARD_UNKNOWN */
export async function giveVerdict(
  context: Context,
  given: { readonly verdict: Approval['verdict']; readonly text: string; readonly flags: VerdictFlags },
): Promise<Approval> {
  const { flags, verdict } = given
  const evidence = flags.evidence === undefined ? '' : readGivenFile('--evidence', flags.evidence).toString()
  const { api, digest, speaker } = await reviewable(context, given.text)
  const body = { ...speaker, verdict, comment: flags.comment ?? '', hazards: flags.hazard ?? [], evidence }
  return api.post(`diffs/${digest}/approvals`, body, approvalSchema)
}

export function showVerdict(approval: Approval, { paint }: View): string {
  return renderPairs(
    [
      [approval.verdict, `${paint.bold(shortDigest(approval.diff))} by ${approval.actor}`],
      ...(approval.hazards.length === 0 ? [] : [['hazards named', approval.hazards.join(', ')] as const]),
      ...(approval.comment ? [['because', approval.comment] as const] : []),
    ],
    paint,
  )
}
