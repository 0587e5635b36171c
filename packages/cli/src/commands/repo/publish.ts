import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { declarationPath, publicationNote } from '../../work/publication.ts'
import { unchangedResult } from '../../work/unchanged.ts'
import type { FormatFlags } from './format-flag.ts'

interface Result {
  readonly repository: string
  readonly packages: number
  /** False: clients see this state already, and nothing was written. */
  readonly changed: boolean
}

export const exclusive = true

/** Nothing new, where all that decides it is what it was. */
export function known(context: Context, flags: FormatFlags): Result | undefined {
  const kept = unchangedResult(publicationNote(context.home, flags.format), declarationPath(context))
  return isResult(kept) ? { ...kept, changed: false } : undefined
}

/** Publishes our own repository as it is now. @throws KEY_*, and what `publish` throws */
export async function run(context: Context, flags: CommonFlags & FormatFlags): Promise<Result> {
  const { ownRepository, publishOwn } = await import('../../work/own.ts')
  const { formatOfDistribution } = await import('../../work/architecture.ts')
  const own = await ownRepository(context, flags.format ?? formatOfDistribution(await context.distribution()))
  return { repository: own.base, ...(await publishOwn(context, own)) }
}

export function show({ repository, packages, changed }: Result): string {
  return `${changed ? 'published' : 'nothing new'}  ${repository}, ${packages} ${packages === 1 ? 'package' : 'packages'}\n`
}

function isResult(value: unknown): value is Result {
  return (
    typeof value === 'object' &&
    value !== null &&
    'repository' in value &&
    typeof value.repository === 'string' &&
    'packages' in value &&
    typeof value.packages === 'number'
  )
}
