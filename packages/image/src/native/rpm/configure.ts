import type { ConfigureOptions } from '../native.ts'
import { runSteps, runUnitVerbs } from '../run-steps.ts'
import { packagesOf } from './packages.ts'
import { scriptSteps } from './script-steps.ts'

/**
 * Runs what rpm runs when it installs all packages into an empty root (lib/psm.c, lib/transaction.c), in rpm's order; but each script finds
 * the files of all packages in their place.
 * @throws IMAGE_SCRIPT_FAILED (also: a script that needs rpm's own interpreter), IMAGE_SPEC_REFUSED (a unit that is not there), and what the
 * sandbox throws
 */
export async function configure(options: ConfigureOptions): Promise<void> {
  const { store, map, packages, scratch } = options
  const { steps, binds } = scriptSteps(packagesOf(store, packages), { map, directory: scratch })
  await runSteps(options, { title: 'run scriptlets and triggers', steps, binds })
  await runUnitVerbs(options)
}
