import { renderPairs } from '@holotype/base'
import { type Comment, commentSchema } from '@holotype/server/api'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { reviewable } from '../../work/verdict.ts'

export type Flags = CommonFlags & { readonly item: string }

/** @throws what `reviewable` throws, and what the server answers */
export async function run(context: Context, flags: Flags, diff: string, text: string): Promise<Comment> {
  const { api, digest, speaker } = await reviewable(context, diff)
  return api.post(`diffs/${digest}/comments`, { ...speaker, item: flags.item, text }, commentSchema)
}

export function show({ actor, item, text }: Comment, { paint }: View): string {
  return renderPairs([[`${actor} on ${item === '' ? 'all of it' : item}`, text]], paint)
}
