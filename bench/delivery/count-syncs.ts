import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from '../harness/measure.ts'
import type { Measure } from './deliverer.ts'

/**
 * How often something is made durable: calls of fsync, fdatasync, sync, syncfs and sync_file_range, of a program and its children, counted by strace. Of other calls
 * the kernel's filter lets strace see nothing, so that it takes little time.
 */
export async function countSyncs(deliver: (as: Measure) => Promise<unknown>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'holotype-bench-syncs-'))
  const note = join(folder, 'calls')
  const told = ['-f', '--seccomp-bpf', '-qq', '-o', note, '-e', `trace=${CALLS.join(',')}`]
  try {
    await deliver(({ argv, ...program }) => measure({ ...program, argv: ['strace', ...told, ...argv] }))
    const begun = new RegExp(`^[0-9]+ +(${CALLS.join('|')})\\(`)
    return readFileSync(note, 'utf8')
      .split('\n')
      .filter((line) => begun.test(line)).length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const CALLS = ['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range'] as const
