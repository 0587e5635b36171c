import { EXIT_CODES, HolotypeError, type Progress } from '@holotype/base'
import { explainSystem, messageOf } from '../explain.ts'

/** Where the program's words go. */
export interface Output {
  readonly progress: Progress
  /** A result: the value for programs, the lines for people. */
  result(value: Readonly<Record<string, unknown>>, lines: readonly string[]): void
  warning(text: string): void
  /** Tells an error and gives its exit code. */
  failure(error: unknown): number
}

interface Lines {
  stdout(line: string): void
  stderr(line: string): void
}

/**
 * Text for people: results on standard output, all else on standard error, one line each. With `json`, one JSON value a line, all on
 * standard output: `{event}`, `{result}`, `{warning}`, `{error}`.
 */
export function createOutput(json: boolean, to: Lines): Output {
  const print = (value: Readonly<Record<string, unknown>>) => to.stdout(JSON.stringify(value))
  const titles = new Map<number, string>()
  return {
    progress(event) {
      if (json) return print({ event })
      if (event.kind === 'note') to.stderr(event.text)
      if (event.kind === 'begin') titles.set(event.task, event.title)
      if (event.kind !== 'end') return
      const note = event.note === undefined ? '' : ` (${event.note})`
      to.stderr(`${titles.get(event.task) ?? ''}: ${event.outcome} in ${event.ms} ms${note}`)
      titles.delete(event.task)
    },
    result(value, lines) {
      if (json) print({ result: value })
      else for (const line of lines) to.stdout(line)
    },
    warning(text) {
      if (json) print({ warning: text })
      else to.stderr(`warning: ${text}`)
    },
    failure(thrown) {
      const error = explainSystem(thrown)
      if (!(error instanceof HolotypeError)) {
        if (json)
          print({ error: { code: 'INTERNAL', what: messageOf(error), hint: '', exitCode: EXIT_CODES.internal } })
        else to.stderr(error instanceof Error ? (error.stack ?? error.message) : String(error))
        return EXIT_CODES.internal
      }
      if (json) print({ error: error.toJSON() })
      else to.stderr(`${error.code}: ${error.message}\n  ${error.hint}`)
      return error.exitCode
    },
  }
}
