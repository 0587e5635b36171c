import { painter } from '@holotype/base'
import { ExitCode } from '@stricli/core'
import type { Config } from './config.ts'
import { fail } from './errors.ts'
import { reportError } from './report-error.ts'

/** Reports what the command-line library complained about, by the exit code it chose. */
export function reportComplaint(
  exitCode: number,
  complaint: string,
  { json, config }: { readonly json: boolean; readonly config: Config },
): void {
  const usage = exitCode === ExitCode.UnknownCommand || exitCode === ExitCode.InvalidArgument
  const what = complaint.trim() || 'the command could not be started'
  const error = fail(usage ? 'CLI_USAGE' : 'CLI_INTERNAL', { what })
  const colour = process.stderr.isTTY && !config.noColor && !config.plainTerminal
  reportError(error, { json, debug: config.debug, paint: painter(colour) })
}
