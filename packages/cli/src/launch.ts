import type { CommandContext } from '@stricli/core'
import type { Config } from './config.ts'

/** What the process starts a command with. */
export interface Launch extends CommandContext {
  readonly config: Config
}
