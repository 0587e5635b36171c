import { join } from 'node:path'
import { isErrorCode } from '@holotype/base'
import { BOOT_TRIES } from '../limits.ts'
import { type GuestShell, openGuestShell } from './guest-shell.ts'
import { accelerators, type Firmware, type Forward, type Machine, startMachine } from './machine.ts'
import { type CheckResult, result } from './run-checks.ts'

export interface Boot {
  readonly boot:
    | 'first'
    | 'after a power cut'
    | 'before the upgrade'
    | 'after a power cut in the upgrade'
    | 'after the upgrade'
    | 'after the way back'
  readonly firmware: Firmware
  /** From the machine's start until its shell answered. */
  readonly milliseconds: number
  readonly checks: readonly CheckResult[]
}

export interface BootOnceOptions {
  readonly boot: Boot['boot']
  readonly firmware: Firmware
  /** The machine writes to it. */
  readonly disk: string
  /** A second disk, only read. */
  readonly second?: string
  readonly forwards?: readonly Forward[]
  readonly architecture: string
  /** An empty directory with a short path. */
  readonly scratch: string
  /** Where the console's text is kept. */
  readonly directory: string
  /** Milliseconds until the shell must answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** The emulator's fault and no image's: the guest measures its timer against a processor that was given to others meanwhile. */
const TIMER_PANIC = "IO-APIC + timer doesn't work"

/**
 * Starts a machine, waits for its shell, lets `work` add what it sees, and ends the machine. One that does not boot, or stops to answer, is a
 * failed check.
 * @throws PROCESS_NOT_FOUND, the signal's reason, what `work` throws otherwise
 */
export async function bootOnce(
  options: BootOnceOptions,
  work: (shell: GuestShell, machine: Machine, results: CheckResult[]) => Promise<void>,
): Promise<Boot> {
  const { boot, firmware, directory } = options
  const log = join(directory, `${firmware}-${boot.replaceAll(' ', '-')}.log`)
  const left = [...accelerators()]
  for (let attempt = 1; ; attempt++) {
    const [accelerator = 'tcg'] = left
    const start = performance.now()
    await using machine = await startMachine({ ...options, accelerator, log })
    const milliseconds = () => Math.round(performance.now() - start)
    const results: CheckResult[] = []
    let took: number | undefined
    try {
      const shell = await openGuestShell(machine, options)
      took = milliseconds()
      results.push(result('booted', true, `in ${Math.round(took / 1000)} s`))
      await work(shell, machine, results)
    } catch (error) {
      if (!isErrorCode(error, 'BOOT_FAILED')) throw error
      if (took === undefined) {
        // Ended by itself before the image said a word: the accelerator, which this machine has and cannot use.
        if (left.length > 1 && machine.ended() !== undefined && machine.console() === '') {
          left.shift()
          continue
        }
        if (attempt < BOOT_TRIES && String(error.data['panic']).includes(TIMER_PANIC)) continue
      }
      results.push(result(took === undefined ? 'booted' : 'answered', false, error.message))
    }
    return { boot, firmware, milliseconds: took ?? milliseconds(), checks: results }
  }
}

/** True when no check of it failed. */
export function passed({ checks }: Boot): boolean {
  return checks.every(({ outcome }) => outcome !== 'failed')
}
