import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from '../harness/measure.ts'
import type { Deliverer, Measure, Step } from './peers.ts'

/**
 * How often a step makes something durable: calls of fsync, fdatasync, syncfs and sync_file_range, of a program and its children, counted by strace in a run of
 * their own, as that takes time. Undefined where there is no such step.
 */
export async function countSyncs(deliverer: Deliverer, step: Step, target: string): Promise<number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'holotype-bench-syncs-'))
  const note = join(folder, 'calls')
  const counted: Measure = ({ argv, ...program }) =>
    measure({ ...program, argv: ['strace', '-f', '-qq', '-o', note, '-e', `trace=${CALLS.join(',')}`, ...argv] })
  try {
    const delivered = await deliverer.run(step, target, counted)
    if (!delivered) return undefined
    const begun = new RegExp(`^[0-9]+ +(${CALLS.join('|')})\\(`)
    return readFileSync(note, 'utf8')
      .split('\n')
      .filter((line) => begun.test(line)).length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const CALLS = ['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range'] as const
