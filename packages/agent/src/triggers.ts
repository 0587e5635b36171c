import {
  compileGlobs,
  errnoOf,
  HolotypeError,
  isErrorCode,
  type Progress,
  run,
  runTask,
  SYSTEM_PATH,
} from '@holotype/base'
import type { ImageTrigger } from '@holotype/image'
import { TRIGGER_OUTPUT_BYTES, TRIGGER_PRINT_BYTES } from './limits.ts'
import type { RunReport } from './protocol.ts'

export type TriggerResult = RunReport['triggers'][number]

/** The triggers, in the manifest's order, of which a glob covers a changed path. */
export function dueTriggers(triggers: readonly ImageTrigger[], changed: readonly string[]): ImageTrigger[] {
  return triggers.filter(({ paths }) => changed.some(compileGlobs(paths)))
}

/** Every exit code is a result here, not a failure of ours. */
const ANY_CODE = Array.from({ length: 256 }, (_, code) => code)

/**
 * Runs a trigger in the node's root: directly when that is `/`, else through chroot(8). Never throws: what goes wrong is in the result,
 * with the exit codes that env(1) and timeout(1) use (127 not found, 124 timed out, 125 other).
 */
export async function runTrigger(trigger: ImageTrigger, root: string): Promise<TriggerResult> {
  const start = performance.now()
  const { exit, output } = await runInRoot(trigger.run, {
    root,
    seconds: trigger.timeout,
    env: { HOLOTYPE_TRIGGER: trigger.name },
  })
  return {
    name: trigger.name,
    exit,
    milliseconds: Math.round(performance.now() - start),
    output: output.slice(-TRIGGER_OUTPUT_BYTES),
  }
}

/** Runs triggers one after the other. */
export async function runTriggers(
  triggers: readonly ImageTrigger[],
  root: string,
  progress: Progress,
): Promise<TriggerResult[]> {
  const results: TriggerResult[] = []
  for (const trigger of triggers)
    results.push(
      await runTask(progress, { title: `trigger ${trigger.name}` }, async (task) => {
        const result = await runTrigger(trigger, root)
        if (result.exit !== 0) task.note(`exit ${result.exit}`)
        return result
      }),
    )
  return results
}

/** Runs a program of the node's root. Never throws: see `runTrigger`. */
export async function runInRoot(
  argv: readonly string[],
  options: { readonly root: string; readonly seconds: number; readonly env?: Readonly<Record<string, string>> },
): Promise<{ readonly exit: number; readonly output: string }> {
  const { root, seconds, env } = options
  const [program, ...args] = argv
  if (program === undefined) return { exit: 127, output: 'no program' }
  try {
    const lines: string[] = []
    const { code } = await run(root === '/' ? [program, ...args] : ['chroot', root, program, ...args], {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', ...env },
      timeoutMs: seconds * 1000,
      maxOutputBytes: TRIGGER_PRINT_BYTES,
      okCodes: ANY_CODE,
      onLine: (line) => {
        lines.push(line)
        if (lines.length > 200) lines.shift()
      },
    })
    return { exit: code, output: lines.join('\n') }
  } catch (error) {
    const output = error instanceof HolotypeError ? error.message : String(errnoOf(error) ?? error)
    if (isErrorCode(error, 'PROCESS_TIMEOUT')) return { exit: 124, output }
    if (isErrorCode(error, 'PROCESS_NOT_FOUND')) return { exit: 127, output }
    return { exit: 125, output }
  }
}
