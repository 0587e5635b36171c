import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type HolotypeError, isErrorCode, runTask } from '@holotype/base'
import { type Bind, runInSandbox } from '@holotype/sandbox'
import { fail } from '../errors.ts'
import { CONFIGURE_MEMORY_BYTES, CONFIGURE_OUTPUT_BYTES, CONFIGURE_PROCESSES, CONFIGURE_TIMEOUT_MS } from '../limits.ts'
import { environment } from './environment.ts'
import type { ConfigureOptions } from './native.ts'

/** One program that an installation runs. */
export interface Step {
  /** Whose it is and what: `bash 5.2-1: post_install`. */
  readonly what: string
  readonly argv: readonly [string, ...string[]]
  readonly input?: string
}

/**
 * Runs programs one after the other, each in a sandbox of its own over the same root: no network, a fixed environment, and nothing that one
 * leaves running or in /tmp reaches the next. They share the time of CONFIGURE_TIMEOUT_MS.
 * @throws IMAGE_SCRIPT_FAILED naming the step; what the sandbox throws
 */
export async function runSteps(
  options: ConfigureOptions,
  {
    title,
    steps,
    binds = [],
  }: { readonly title: string; readonly steps: readonly Step[]; readonly binds?: readonly Bind[] },
): Promise<void> {
  if (steps.length === 0) return
  const ends = Date.now() + CONFIGURE_TIMEOUT_MS
  await runTask(options.progress, { title, total: steps.length }, async (task) => {
    for (const [i, step] of steps.entries()) {
      try {
        await runStep(options, step, { binds, timeoutMs: Math.max(1, ends - Date.now()) })
      } catch (error) {
        if (!isErrorCode(error, 'PROCESS_FAILED')) throw error
        throw fail('IMAGE_SCRIPT_FAILED', { what: `${step.what} failed:\n${lastLines(error)}`, cause: error })
      }
      task.advance(i + 1, { note: step.what })
    }
  })
}

/** `systemctl enable` and its like of the spec, when the packages are installed. @throws IMAGE_SPEC_REFUSED; what the sandbox throws */
export async function runUnitVerbs(options: ConfigureOptions): Promise<void> {
  for (const [verb, ...units] of options.units) {
    try {
      // `--` ends the options: a unit's name is never one.
      const argv = ['/usr/bin/systemctl', '--root=/', '--no-reload', verb, '--', ...units] as const
      await runStep(options, { what: verb, argv: [...argv] }, { timeoutMs: CONFIGURE_TIMEOUT_MS })
    } catch (error) {
      if (!isErrorCode(error, 'PROCESS_FAILED')) throw error
      throw fail('IMAGE_SPEC_REFUSED', {
        what: `cannot ${verb} ${units.join(', ')}:\n${lastLines(error)}`,
        cause: error,
      })
    }
  }
}

async function runStep(
  { lower, upper, scratch, epoch, signal }: ConfigureOptions,
  { argv, input }: Step,
  limits: { readonly binds?: readonly Bind[]; readonly timeoutMs: number },
): Promise<void> {
  // A `volatile` overlay's own directory cannot be used twice (kernel, overlayfs.rst "Volatile mount").
  const own = join(scratch, 'step')
  try {
    await runInSandbox(argv, {
      root: { lower: [lower], upper, scratch: own },
      env: environment(epoch),
      maxOutputBytes: CONFIGURE_OUTPUT_BYTES,
      memoryBytes: CONFIGURE_MEMORY_BYTES,
      processes: CONFIGURE_PROCESSES,
      ...limits,
      ...(input === undefined ? {} : { input }),
      ...(signal ? { signal } : {}),
    })
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

function lastLines(error: HolotypeError): string {
  return typeof error.data.stderr === 'string' ? error.data.stderr : error.message
}
