import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { failBase, SYSTEM_PATH } from '@holotype/base'
import { FLUSH_TIMEOUT_MS } from '../limits.ts'
import { type PerResource } from './share.ts'
import type { Machine } from './throttle.ts'

/**
 * The machine that this runs on. Pressure is Linux's PSI (Documentation/accounting/psi.rst): `total` is exact at each read, while its averages
 * lag by seconds. A sleep is one of the whole thread: all that moves bytes here does so on it.
 */
export function linuxMachine(folders: readonly string[]): Machine {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const byFileSystem = new Map(folders.map((folder) => [statSync(folder, { throwIfNoEntry: false })?.dev, folder]))
  return {
    now: () => performance.now(),
    sleep: (milliseconds) => void Atomics.wait(cell, 0, 0, milliseconds),
    thread: threadTimes,
    stalled: () => pressure('total', 1000),
    lately: () => pressure('avg10', 1),
    flush() {
      const { status, stderr, error } = spawnSync('sync', ['--file-system', ...byFileSystem.values()], {
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
        encoding: 'utf8',
        timeout: FLUSH_TIMEOUT_MS,
      })
      if (status !== 0)
        throw failBase('PROCESS_FAILED', { what: `sync ended with code ${status}: ${stderr.trim()}`, cause: error })
    },
  }
}

function pressure(field: string, unit: number): PerResource | undefined {
  try {
    const of = (resource: string) => pressureIn(readFileSync(`/proc/pressure/${resource}`, 'utf8'), field) / unit
    return { cpu: of('cpu'), io: of('io'), memory: of('memory') }
  } catch {
    // A kernel without it, or one that has it switched off.
    return undefined
  }
}

/** A field of the line `some` of a file of pressure: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. */
export function pressureIn(text: string, field: string): number {
  const [, value] = new RegExp(`^some .*\\b${field}=([0-9.]+)`).exec(text) ?? []
  if (value === undefined) throw new Error(`no ${field} in ${JSON.stringify(text.slice(0, 200))}`)
  return Number(value)
}

/** proc(5), schedstat: nanoseconds on a processor, nanoseconds waiting for one. Without it all of the process's time is taken for this thread's. */
function threadTimes(): { ran: number; waited: number } {
  try {
    const [ran = 0, waited = 0] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number)
    return { ran: ran / 1e6, waited: waited / 1e6 }
  } catch {
    const { user, system } = process.cpuUsage()
    return { ran: (user + system) / 1000, waited: 0 }
  }
}
