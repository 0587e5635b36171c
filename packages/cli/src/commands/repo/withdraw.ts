import { withdraw } from '@holotype/repository'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import { ownRepository, publishOwn } from '../../work/own.ts'
import { formatOfDistribution } from '../../work/architecture.ts'
import type { FormatFlags } from './format-flag.ts'

interface Withdrawn {
  readonly withdrawn: readonly { readonly name: string; readonly version: string; readonly architecture: string }[]
}

export const exclusive = true

/** Takes a version out of our own repository's indexes, and publishes that. @throws NAME_UNKNOWN, and what `withdraw` and `publish` throw */
export async function run(context: Context, flags: CommonFlags & FormatFlags, text: string): Promise<Withdrawn> {
  const own = await ownRepository(context, flags.format ?? formatOfDistribution(await context.distribution()))
  const [name = '', version = ''] = text.split('=')
  const now = Math.floor(context.now().getTime() / 1000)
  const withdrawn = await withdraw(own.repository, { name, version, now })
  if (withdrawn.length === 0)
    throw fail('NAME_UNKNOWN', {
      what: `your own repository lists no ${text}`,
      hint: 'give NAME=VERSION as it is listed',
    })
  await publishOwn(context, own)
  return {
    withdrawn: withdrawn.map(({ name: own, version: of, architecture }) => ({ name: own, version: of, architecture })),
  }
}

export function show({ withdrawn }: Withdrawn): string {
  return withdrawn.map(({ name, version, architecture }) => `withdrawn  ${name} ${version} ${architecture}\n`).join('')
}
