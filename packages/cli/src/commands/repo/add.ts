import { formatOfFile } from '@holotype/formats'
import { type Ingested, ingestMany, ingestSources } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { ownRepository, publishOwn } from '../../work/own.ts'

interface Added {
  readonly packages: readonly AddedPackage[]
  readonly repositories: readonly string[]
}

interface AddedPackage {
  readonly name: string
  readonly version: string
  /** deb: `source` of a source package; rpm: `src`. */
  readonly architecture: string
  /** False: it was there already. */
  readonly added: boolean
}

export const exclusive = true

/**
 * Takes package files, and source packages by their .dsc, into our own repositories, each into that of its format, and publishes those.
 * @throws FORMAT_UNKNOWN, KEY_*, and what `ingestMany`, `ingestSources` and `publish` throw
 */
export async function run(
  context: Context,
  { payload }: CommonFlags & { readonly payload: 'checked' | 'unread' },
  ...files: string[]
): Promise<Added> {
  const byFormat = Map.groupBy(files, formatOfFile)
  const taken: Ingested[] = []
  const repositories: string[] = []
  for (const [format, paths] of byFormat) {
    const own = await ownRepository(context, format)
    const { sources } = own.repository.format.repository
    const named = paths.filter((path) => sources?.isSource(path))
    if (named.length > 0) taken.push(...(await ingestSources(own.repository, named)))
    taken.push(
      ...(await ingestMany(
        own.repository,
        paths.filter((path) => !named.includes(path)),
        { payload },
      )),
    )
    await publishOwn(context, own)
    repositories.push(own.base)
  }
  return {
    packages: taken.map(({ record: { name, version, architecture }, added }) => ({
      name,
      version,
      architecture,
      added,
    })),
    repositories,
  }
}

export function show({ packages, repositories }: Added): string {
  const lines = packages.map(
    ({ name, version, architecture, added }) =>
      `${added ? 'added' : 'there already'}  ${name} ${version} ${architecture}`,
  )
  return `${[...lines, ...repositories.map((base) => `published  ${base}`)].join('\n')}\n`
}
