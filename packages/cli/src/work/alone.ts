import { mkdirSync } from 'node:fs'
import { withDirectoryLock } from '@holotype/base'
import type { Context } from '../context.ts'
import { fail } from '../errors.ts'

/**
 * Runs `work` while no other command changes the state directory: lists there (what our repository holds, which images a name stands for) are read,
 * added to and written again, and of two such commands at once one would be forgotten.
 * @throws HOME_BUSY, DISTRIBUTION_*, YAML_*
 */
export async function alone<T>(context: Context, work: () => Promise<T>): Promise<T> {
  // First, so that a command given in the wrong place leaves no state directory there.
  await context.distribution()
  const { directory } = context.home
  mkdirSync(directory, { recursive: true })
  const busy = (cause: unknown) => fail('HOME_BUSY', { what: `another command is changing ${directory}`, cause })
  return withDirectoryLock({ directory, purpose: 'home', busy }, work)
}
