import type { CommandModule } from './command.ts'
import { fail } from './errors.ts'
import type { CommonFlags } from './flags.ts'

/** A command that the route map has and nobody has built: says so and exits 2. */
export function notBuilt<Flags extends CommonFlags, Args extends readonly unknown[]>(
  name: string,
): CommandModule<Flags, Args, never> {
  return {
    run: () => Promise.reject(fail('CLI_NOT_BUILT', { what: `\`holotype ${name}\` is not built yet` })),
    show: () => '',
  }
}
