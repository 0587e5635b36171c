import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { errnoOf } from './errors.ts'
import { fail } from './codes.ts'
import { DEFAULT_PROCESS_OUTPUT_BYTES, DEFAULT_PROCESS_TIMEOUT_MS, PROCESS_KILL_GRACE_MS } from './limits.ts'

export interface RunOptions {
  readonly cwd?: string
  /** The whole environment of the child: nothing is inherited but what stands here. Default: PATH alone. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Its standard input. A stream is asked for its next piece when the child has taken the last, so it may fill one buffer again and again;
   * what it throws ends the child.
   */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array>
  readonly timeoutMs?: number
  readonly maxOutputBytes?: number
  /** Called for each line of standard output and standard error as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Exit codes that are no failure. Default: 0 alone. */
  readonly okCodes?: readonly number[]
  readonly uid?: number
  readonly gid?: number
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A PATH with nothing but the system's own directories. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Runs a program by argument vector (never through a shell), in a process group of its own that is ended as a whole on a time-out,
 * an output over the limit or an abort.
 * @throws PROCESS_NOT_FOUND, PROCESS_FAILED (code and the end of stderr), PROCESS_TIMEOUT, PROCESS_OUTPUT_LIMIT,
 * PROCESS_ABORTED
 */
export function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = argv
  const timeoutMs = options.timeoutMs ?? DEFAULT_PROCESS_TIMEOUT_MS
  const limit = options.maxOutputBytes ?? DEFAULT_PROCESS_OUTPUT_BYTES
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, spawnOptions(options))
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let bytes = 0
    let ended: Error | undefined
    running.add(child)
    const endWith = (error: Error) => {
      ended ??= error
      endGroup(child.pid)
    }
    const timer = setTimeout(
      () => endWith(fail('PROCESS_TIMEOUT', { what: `${program} did not end within ${timeoutMs / 1000} s` })),
      timeoutMs,
    )
    const onAbort = () => endWith(fail('PROCESS_ABORTED', { what: `${program} was told to stop` }))
    if (options.signal?.aborted) onAbort()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= limit) into.push(chunk)
      else endWith(fail('PROCESS_OUTPUT_LIMIT', { what: `${program} printed more than ${limit} bytes` }))
    }
    child.stdout?.on('data', collect(stdout))
    child.stderr?.on('data', collect(stderr))
    if (options.onLine) {
      const { onLine } = options
      for (const stream of ['stdout', 'stderr'] as const) {
        const source = child[stream]
        if (source) createInterface({ input: source }).on('line', (line) => onLine(line, stream))
      }
    }
    // A child that ends before it has read all its input is judged by its exit code, not by our broken pipe.
    child.stdin?.on('error', (error) => {
      if (errnoOf(error) !== 'EPIPE') endWith(error)
    })
    const { input } = options
    if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) child.stdin?.end(input)
    else if (child.stdin) feed(child.stdin, input).catch(endWith)
    const finish = () => {
      running.delete(child)
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    child.on('error', (error) => {
      finish()
      // A missing working directory is ENOENT too.
      const missing = errnoOf(error) === 'ENOENT' && (options.cwd === undefined || existsSync(options.cwd))
      reject(
        missing
          ? fail('PROCESS_NOT_FOUND', { what: `the program ${program} is not installed`, cause: error })
          : fail('PROCESS_FAILED', { what: `${program} could not be started`, cause: error }),
      )
    })
    child.on('close', (code, signal) => {
      finish()
      if (ended) return reject(ended)
      const result = { code: code ?? -1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
      if ((options.okCodes ?? [0]).includes(result.code)) return resolve(result)
      const tail = (result.stderr.trim() || result.stdout.toString().trim()).split('\n').slice(-12).join('\n')
      reject(
        fail('PROCESS_FAILED', {
          what: `${argv.slice(0, 4).join(' ')} ended with ${signal ?? `code ${result.code}`}${tail ? `:\n${tail}` : ''}`,
          data: { exit: result.code, stderr: tail },
        }),
      )
    })
  })
}

/** Writes piece by piece. A child that does not read on is judged by its exit code. */
async function feed(stdin: Writable, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    const gone = await new Promise<boolean>((resolve) => {
      stdin.write(piece, (error) => resolve(error !== undefined && error !== null))
    })
    if (gone) return
  }
  stdin.end()
}

/** Groups of their own do not end with us: a program that exits while they run ends them. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const { pid } of running) if (pid !== undefined) signalGroup(pid, 'SIGKILL')
})

function spawnOptions(options: RunOptions): SpawnOptions {
  return {
    detached: true,
    env: { ...(options.env ?? { PATH: SYSTEM_PATH }) },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => signalGroup(pid, 'SIGKILL'), PROCESS_KILL_GRACE_MS).unref()
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}
