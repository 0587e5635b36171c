import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errnoOf, failBase, SYSTEM_PATH } from '@holotype/base'
import { FLUSH_TIMEOUT_MS } from '../limits.ts'

/** Bytes of tar's words kept for an error. */
const STDERR_BYTES = 4096

/**
 * Runs GNU tar with its standard streams streamed: what passes may be larger than this program's memory, which `run` of base holds whole.
 * @throws PROCESS_NOT_FOUND, PROCESS_FAILED
 */
export async function runTar(
  args: readonly string[],
  io: {
    readonly cwd: string
    readonly input: Iterable<Buffer>
    readonly onOutput?: (chunk: Buffer) => void
  },
): Promise<void> {
  const child = spawn('tar', args, {
    cwd: io.cwd,
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: FLUSH_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-STDERR_BYTES)
  })
  child.stdout.on('data', (chunk: Buffer) => io.onOutput?.(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        errnoOf(error) === 'ENOENT'
          ? failBase('PROCESS_NOT_FOUND', { what: 'the program tar is not installed', cause: error })
          : failBase('PROCESS_FAILED', { what: 'tar could not be started', cause: error }),
      ),
    )
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(failBase('PROCESS_FAILED', { what: `tar ended with code ${code}: ${words.trim()}` }))
    })
  })
  // A tar that ends early is judged by its exit code, not by the broken pipe.
  const fed = pipeline(Readable.from(io.input), child.stdin).catch(() => {})
  await Promise.all([ended, fed])
}
