import { asDiskFull, HolotypeError, type Painter } from '@holotype/base'
import { fail } from './errors.ts'
import { SHOWN_CAUSES } from './limits.ts'

export interface ReportOptions {
  readonly json: boolean
  readonly debug: boolean
  readonly paint: Painter
  /** Instead of the error's own: a command that a signal ends has the signal's. */
  readonly exitCode?: number
}

/**
 * The one place that prints errors and sets the exit code. For people: what failed, what to do, and the code to search for; with
 * HOLOTYPE_DEBUG=1 also the causes with their stacks. For programs: one line of JSON.
 */
export function reportError(error: unknown, options: ReportOptions): void {
  const known = asKnown(error)
  const { exitCode = known.exitCode } = options
  process.exitCode = exitCode
  process.stderr.write(
    options.json ? `${JSON.stringify({ ...known.toJSON(), exitCode })}\n` : inWords(known, options.paint),
  )
  if (options.debug && !options.json) process.stderr.write(causes(error))
}

function asKnown(error: unknown): HolotypeError {
  if (error instanceof HolotypeError) return error
  // Wherever it happened: making a directory on a full disk is no defect of ours.
  const full = asDiskFull(error, error instanceof Error && 'path' in error ? String(error.path) : 'a file')
  if (full instanceof HolotypeError) return full
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return fail('CLI_INTERNAL', { what, cause: error })
}

function inWords(error: HolotypeError, paint: Painter): string {
  const hint = error.hint === '' ? '' : `${paint.cyan('hint:')} ${error.hint}\n`
  return `${paint.red('error:')} ${error.message}\n${hint}${paint.dim(`code: ${error.code}`)}\n`
}

function causes(error: unknown): string {
  const shown: string[] = []
  for (let at = error; at instanceof Error && shown.length < SHOWN_CAUSES; at = at.cause)
    shown.push(at.stack ?? at.message)
  return `${shown.join('\ncaused by: ')}\n`
}
