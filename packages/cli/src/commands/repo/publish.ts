import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { ownRepository, publishOwn } from '../../work/own.ts'
import { formatOfDistribution } from '../../work/upstreams.ts'
import type { FormatFlags } from './format-flag.ts'

interface Result {
  readonly repository: string
  readonly packages: number
  /** False: clients see this state already, and nothing was written. */
  readonly changed: boolean
}

export const exclusive = true

/** Publishes our own repository as it is now. @throws KEY_*, and what `publish` throws */
export async function run(context: Context, flags: CommonFlags & FormatFlags): Promise<Result> {
  const own = await ownRepository(context, flags.format ?? formatOfDistribution(await context.distribution()))
  return { repository: own.base, ...(await publishOwn(context, own)) }
}

export function show({ repository, packages, changed }: Result): string {
  return `${changed ? 'published' : 'nothing new'}  ${repository}, ${packages} ${packages === 1 ? 'package' : 'packages'}\n`
}
