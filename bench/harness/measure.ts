import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import type { Cost } from './types.ts'

const TIME = '/usr/bin/time'
/** Characters of a failed program's messages that are shown. */
const SHOWN = 2000

export interface Program {
  readonly argv: readonly [string, ...string[]]
  readonly cwd?: string
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>
  /** The exit codes that mean success: 0 unless told. */
  readonly codes?: readonly number[]
}

export interface Measured extends Cost {
  readonly stdout: string
}

/** Runs a program to its end, on file systems that hold nothing unwritten, and says what it cost. CPU and memory come from GNU time, which counts children too. @throws when it fails */
export async function measure({ argv, cwd, env, codes = [0] }: Program): Promise<Measured> {
  const note = join(tmpdir(), `holotype-bench-${process.pid}-${Math.random().toString(36).slice(2)}`)
  const timed = existsSync(TIME) ? [TIME, '--output', note, '--format', '%U %S %M', '--', ...argv] : argv
  const [program = '', ...args] = timed
  try {
    // What was written before is not for this one to flush.
    execFileSync('sync')
    const start = performance.now()
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const [code] = await once(child, 'close')
    const seconds = (performance.now() - start) / 1000
    if (!codes.includes(code)) {
      const said = Buffer.concat([...stderr, ...stdout]).toString()
      throw new Error(`${argv.join(' ')} ended with code ${code}:\n${said.slice(-SHOWN)}`)
    }
    return { seconds, ...usage(note), stdout: Buffer.concat(stdout).toString() }
  } finally {
    rmSync(note, { force: true })
  }
}

function usage(note: string): Pick<Cost, 'cpuSeconds' | 'peakBytes'> {
  if (!existsSync(note)) return {}
  const [user, system, kilobytes] = readFileSync(note, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
  return { cpuSeconds: (user ?? 0) + (system ?? 0), peakBytes: (kilobytes ?? 0) * 1024 }
}
