import { formatDuration, renderTable, shortDigest } from '@holotype/base'
import { type BuildRecord, buildRecipe, buildRoot, familyOf } from '@holotype/build'
import { commitOf, recipeOf, recipeSourceOf } from '@holotype/distribution'
import { ingest, openFetcher } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { ownRepository, publishOwn } from '../../work/own.ts'
import { architectureOfDistribution, formatOfDistribution } from '../../work/architecture.ts'
import { takeSnapshots } from '../../work/upstreams.ts'

interface BuiltRecipe {
  readonly record: BuildRecord
  readonly log: string
  /** False: exactly these packages were in the repository before. */
  readonly added: boolean
}

interface Result {
  readonly built: readonly BuiltRecipe[]
  readonly repository: string
}

export const exclusive = true

/**
 * Builds recipes, each in a root of its own; takes their packages into our own repository and publishes it, signed.
 * @throws DISTRIBUTION_*, BUILD_*, REPOSITORY_VERSION_TAKEN, KEY_*, and what locking, fetching and composing the build root throw
 */
export async function run(context: Context, _flags: CommonFlags, ...names: string[]): Promise<Result> {
  const distribution = await context.distribution()
  const store = await context.store()
  // A build that cannot be published is found out before it takes an hour.
  const own = await ownRepository(context, formatOfDistribution(distribution))
  const architecture = architectureOfDistribution(distribution)
  const { commit } = await commitOf(distribution.directory)
  await using fetcher = openFetcher({ signal: context.signal })
  const sources = await takeSnapshots(context, { distribution, fetcher })
  const built: BuiltRecipe[] = []
  for (const name of names.length > 0 ? names : distribution.recipes.keys()) {
    const recipe = recipeOf(distribution, name)
    const family = familyOf(recipe)
    const source = recipeSourceOf(distribution, name)
    const facts = family.readSource(source, architecture)
    const root = await buildRoot({
      store,
      format: recipe.family,
      architecture,
      sources,
      family,
      facts,
      fetcher,
      progress: context.progress,
      signal: context.signal,
    })
    const { record, packages, log } = await buildRecipe({
      store,
      recipe: { name, recipe, source, commit },
      family,
      facts,
      root,
      builds: context.home.builds,
      progress: context.progress,
      now: Date.now,
      signal: context.signal,
    })
    let added = false
    for (const path of packages) added = (await ingest(own.repository, path)).added || added
    built.push({ record, log, added })
  }
  await store.flush()
  await publishOwn(context, own)
  return { built, repository: own.base }
}

export function show({ built, repository }: Result, { paint, width }: View): string {
  if (built.length === 0) return 'No recipes yet. A recipe is a folder recipes/NAME with a recipe.yaml\n'
  const rows = built.map(({ record, added }) => [
    record.recipe,
    record.version,
    String(record.attempt),
    formatDuration(record.milliseconds),
    shortDigest(record.root),
    added ? 'new' : 'unchanged',
    record.packages.map(({ file }) => file).join(', '),
  ])
  // Packages last: where a line is too long, their names are cut and nothing else.
  const columns = ['RECIPE', 'VERSION', 'ATTEMPT', 'TOOK', 'BUILT IN', 'RESULT', 'PACKAGES'].map((title) => ({
    title,
    least: title === 'PACKAGES' ? 16 : 12,
  }))
  return `${renderTable(columns, rows, { paint, ...(width === undefined ? {} : { width }) })}${paint.dim('published')}  ${repository}\n`
}
