import { constants } from 'node:os'
import { createRenderer, type HolotypeError, painter, type RendererStyle } from '@holotype/base'
import type { Config } from './config.ts'
import { type Context, createContext } from './context.ts'
import { fail } from './errors.ts'
import type { CommonFlags } from './flags.ts'
import type { Launch } from './launch.ts'
import { INTERRUPT_GRACE_MS } from './limits.ts'
import { reportError } from './report-error.ts'
import { printable } from './view/printable.ts'
import type { View } from './view/view.ts'

interface Outcome {
  readonly result: unknown
  readonly show: (view: View) => string
}

/**
 * Runs one command: shows its progress on stderr, prints its result on stdout and its error on stderr, sets the exit code.
 * With `--json` stdout holds exactly one JSON document, and each line of stderr is one too.
 */
export async function execute(
  launch: Launch,
  flags: CommonFlags,
  work: (context: Context) => Promise<Outcome>,
): Promise<void> {
  const { config } = launch
  const renderer = createRenderer(process.stderr, {
    style: rendererStyle(config, flags),
    paint: painter(coloured(config, flags, process.stderr.isTTY)),
  })
  const interrupt = new AbortController()
  const onError = (error: unknown, exitCode?: number) => {
    renderer.close()
    reportError(error, {
      json: flags.json,
      debug: config.debug,
      paint: painter(coloured(config, flags, process.stderr.isTTY)),
      ...(exitCode === undefined ? {} : { exitCode }),
    })
  }
  const stop = watchSignals(interrupt, (cause, exitCode) => onError(stopped(cause), exitCode))
  try {
    const context = createContext({
      config,
      flags,
      progress: renderer.progress,
      signal: interrupt.signal,
      workingDirectory: process.cwd(),
    })
    const { result, show } = await work(context)
    renderer.close()
    process.stdout.write(
      flags.json ? `${JSON.stringify(result ?? null, null, 2)}\n` : inWords(show, viewOf(config, flags, context)),
    )
  } catch (error) {
    const { reason } = interrupt.signal
    if (interrupt.signal.aborted) onError(stopped(error), exitCodeOf(reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'))
    else onError(error)
  } finally {
    stop()
  }
}

function inWords(show: Outcome['show'], view: View): string {
  return printable(show(view), view.paint.on)
}

function rendererStyle(config: Config, flags: CommonFlags): RendererStyle {
  if (flags.quiet) return 'quiet'
  if (flags.json) return 'json'
  return process.stderr.isTTY && !config.plainTerminal ? 'terminal' : 'lines'
}

function coloured(config: Config, flags: CommonFlags, terminal: boolean): boolean {
  return flags.color ?? (terminal && !config.noColor && !config.plainTerminal)
}

function viewOf(config: Config, flags: CommonFlags, context: Context): View {
  return {
    paint: painter(coloured(config, flags, process.stdout.isTTY)),
    now: context.now(),
    ...(process.stdout.isTTY ? { width: process.stdout.columns } : {}),
  }
}

function stopped(cause?: unknown): HolotypeError {
  return fail('CLI_INTERRUPTED', { what: 'stopped', cause })
}

/** 128 and the signal's number, as shells have it. */
function exitCodeOf(signal: 'SIGINT' | 'SIGTERM'): number {
  return 128 + constants.signals[signal]
}

/**
 * The first signal asks the command to stop, the second one stops it, as does time: what it was doing is left as a crash would leave it.
 * Returns what ends the watch.
 */
function watchSignals(interrupt: AbortController, tell: (cause: unknown, exitCode: number) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const onSignal = (signal: (typeof signals)[number]) => {
    const end = () => {
      tell(undefined, exitCodeOf(signal))
      process.exit()
    }
    if (interrupt.signal.aborted) end()
    interrupt.abort(signal)
    setTimeout(end, INTERRUPT_GRACE_MS).unref()
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
