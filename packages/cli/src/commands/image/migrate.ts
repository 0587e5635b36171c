import { type Migration, planMigration, readHazardRules } from '@holotype/image'
import { fetchPackages, openFetcher } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { showMigration } from '../../view/migration.ts'
import type { View } from '../../view/view.ts'
import { namedLock } from '../../work/images.ts'
import { composeSteps, type StepDifference, writeSteps } from '../../work/migration.ts'

export type Flags = CommonFlags & {
  readonly from: string
  readonly to: string
  readonly scripts: boolean
  readonly diffs: boolean
  readonly write?: string
}

interface Planned {
  readonly migration: Migration
  /** The lock files that were written, in the order of the steps. */
  readonly written?: readonly string[]
  /** What each step changes in the image, in the order of the steps. */
  readonly differences?: readonly StepDifference[]
}

export const exclusive = true

/**
 * Plans how one image becomes another in small steps; with `--write` each intermediate lock is a file, with `--diffs` each intermediate image is composed and
 * compared with the one before.
 * @throws DISTRIBUTION_*, LOCK_*, FETCH_*, what `planMigration` throws, and with --diffs what `image compose` and `image diff` throw
 */
export async function run(context: Context, flags: Flags): Promise<Planned> {
  const distribution = await context.distribution()
  const store = await context.store()
  const { progress, signal } = context
  const [from, to] = [namedLock(distribution, flags.from), namedLock(distribution, flags.to)]
  await using fetcher = openFetcher({ signal })
  for (const lock of [from, to]) await fetchPackages({ lock, store, fetcher, progress })
  const migration = await planMigration({
    store,
    from,
    to,
    names: distribution.convert,
    allowScripts: flags.scripts,
    hazardRules: readHazardRules(distribution.directory),
    progress,
    signal,
  })
  // A lock that is written names packages that must outlive a power cut.
  await store.flush()
  const written = flags.write === undefined ? undefined : writeSteps(flags.write, migration)
  const differences = flags.diffs ? await composeSteps(context, store, { from, to, migration }) : undefined
  return { migration, ...(written ? { written } : {}), ...(differences ? { differences } : {}) }
}

export function show({ migration, written, differences }: Planned, view: View): string {
  return showMigration({ migration, view, ...(written ? { written } : {}), ...(differences ? { differences } : {}) })
}
