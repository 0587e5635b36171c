import { type Digest, renderPairs, shortDigest } from '@holotype/base'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { reviewable } from '../../work/verdict.ts'

export type Flags = CommonFlags & { readonly undo: boolean }

interface Ticked {
  readonly diff: Digest
  readonly items: readonly string[]
  readonly reviewed: boolean
}

/** @throws CLI_USAGE, what `reviewable` throws, and what the server answers */
export async function run(context: Context, flags: Flags, ...[diff, ...items]: string[]): Promise<Ticked> {
  if (diff === undefined || items.length === 0)
    throw fail('CLI_USAGE', { what: 'a difference and at least one item are needed', hint: 'DIFF package:openssl' })
  const { api, digest, speaker } = await reviewable(context, diff)
  const reviewed = !flags.undo
  await api.post(`diffs/${digest}/reviewed`, { ...speaker, items, reviewed }, z.unknown())
  return { diff: digest, items, reviewed }
}

export function show({ diff, items, reviewed }: Ticked, { paint }: View): string {
  return renderPairs([[reviewed ? 'reviewed' : 'not reviewed', `${items.join(', ')} of ${shortDigest(diff)}`]], paint)
}
