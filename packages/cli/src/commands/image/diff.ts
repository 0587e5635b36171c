import { type Digest, writeFileAtomic } from '@holotype/base'
import type { ImageDiff } from '@holotype/image'
import { renderDiff } from '@holotype/image/diff-text'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { differenceOf } from '../../work/difference.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly review: boolean; readonly limit: number; readonly html?: string }

interface Difference {
  readonly digest: Digest
  /** Where to look at it in the console, when it was handed in for review. */
  readonly address?: string
  readonly limit: number
  readonly diff: ImageDiff
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS, IMAGE_MALFORMED, HAZARD_FILES, YAML_SYNTAX and YAML_SCHEMA of the distribution's hazards, and with --review SERVER_* */
export async function run(context: Context, flags: Flags, fromText: string, toText: string): Promise<Difference> {
  const distribution = await context.distribution()
  const names = imageNames(distribution)
  const store = await context.store()
  const from = resolveName(store, 'images', { text: fromText, names })
  const to = resolveName(store, 'images', { text: toText, names })
  const { digest, diff } = await differenceOf(context, store, { from, to })
  if (flags.html !== undefined) {
    const { renderDiffHtml } = await import('@holotype/image/diff-page')
    writeFileAtomic(flags.html, renderDiffHtml(diff, digest))
  }
  if (!flags.review) return { digest, limit: flags.limit, diff }
  // What speaks to a server is loaded where there is one: the comparison itself is to answer at once.
  const [api, { registerDiff }] = [await context.api(), await import('../../work/review.ts')]
  await registerDiff(context, store, { digest, from, to })
  return { digest, address: `${api.address}/diffs/${digest}`, limit: flags.limit, diff }
}

export function show({ digest, address, limit, diff }: Difference, view: View): string {
  const color = view.paint.bold('x') !== 'x'
  const ends = [
    `\n${view.paint.dim('difference')}  ${digest}`,
    ...(address ? [`${view.paint.dim('to review')}   ${address}`] : []),
  ]
  return `${renderDiff(diff, { color, width: view.width ?? 120, limit })}${ends.join('\n')}\n`
}
