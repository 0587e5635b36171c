import { collectGarbage } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { ownRepository } from '../../work/own.ts'
import { formatOfDistribution } from '../../work/architecture.ts'
import type { FormatFlags } from './format-flag.ts'

interface Result {
  readonly removed: readonly string[]
}

export const exclusive = true

/** Removes the files of packages that were withdrawn long ago from what is served. @throws what `collectGarbage` throws */
export async function run(context: Context, flags: CommonFlags & FormatFlags): Promise<Result> {
  const own = await ownRepository(context, flags.format ?? formatOfDistribution(await context.distribution()))
  const removed = await collectGarbage(own.repository, own.base, { now: Math.floor(context.now().getTime() / 1000) })
  return { removed }
}

export function show({ removed }: Result): string {
  return removed.length === 0 ? 'Nothing to remove\n' : removed.map((path) => `removed  ${path}\n`).join('')
}
