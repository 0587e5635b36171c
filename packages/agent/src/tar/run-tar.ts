import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errnoInWords, errnoOf, failBase, SYSTEM_PATH } from '@holotype/base'
import { explain } from '../explain.ts'
import { FLUSH_TIMEOUT_MS } from '../limits.ts'
import { served } from '../memory.ts'

/** Bytes of tar's words kept for an error. */
const STDERR_BYTES = 4096

/** How a write fails whose reader has ended. */
const GONE: ReadonlySet<string | undefined> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
])

function failed(code: number | null, words: string): Error {
  const error = failBase('PROCESS_FAILED', { what: `tar ended with code ${code}: ${words}` })
  const errno = errnoInWords(words)
  return errno === undefined ? error : Object.assign(new Error(error.message), { code: errno })
}

function* noted(input: Iterable<Buffer>, idle: NodeJS.Timeout): Generator<Buffer> {
  for (const chunk of input) {
    idle.refresh()
    yield chunk
  }
}

/**
 * Runs GNU tar with its standard streams streamed: what passes may be larger than this program's memory, which `run` of base holds whole.
 * @throws PROCESS_NOT_FOUND, PROCESS_FAILED, DISK_FULL, AGENT_IO, AGENT_NOT_PERMITTED, and what `input` throws
 */
export async function runTar(
  args: readonly string[],
  io: {
    readonly cwd: string
    readonly input: Iterable<Buffer>
    readonly onOutput?: (chunk: Buffer) => void
    /** Milliseconds it may go without reading or writing. */
    readonly idleMs?: number
  },
): Promise<void> {
  const { idleMs = FLUSH_TIMEOUT_MS } = io
  const child = spawn('tar', args, {
    cwd: io.cwd,
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let words = ''
  let stuck = false
  // By progress: how long all of a root takes tells of its size, of the machine, and of how much of it the run may take.
  const idle = setTimeout(() => {
    stuck = true
    child.kill('SIGKILL')
  }, idleMs)
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-STDERR_BYTES)
  })
  child.stdout.on('data', (chunk: Buffer) => {
    idle.refresh()
    io.onOutput?.(chunk)
    served(chunk.length)
  })
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
      else if (stuck) reject(failBase('PROCESS_FAILED', { what: `tar did nothing for ${idleMs / 1000} s` }))
      else reject(explain(failed(code, words.trim()), io.cwd))
    })
  }).finally(() => clearTimeout(idle))
  const fed = pipeline(Readable.from(noted(io.input, idle)), child.stdin).catch((error: unknown) => {
    // A tar that ends early is judged by its exit code, not by the broken pipe.
    if (GONE.has(errnoOf(error))) return
    // One whose input ends between two members would be content with them.
    child.kill('SIGKILL')
    throw explain(error, io.cwd)
  })
  for (const one of await Promise.allSettled([fed, ended])) if (one.status === 'rejected') throw one.reason
}

/** Extracts members made by us below a directory, with owners, modes and extended attributes as they stand. @throws what runTar throws */
export async function extractTar(
  cwd: string,
  directories: '--overwrite-dir' | '--delay-directory-restore',
  input: Iterable<Buffer>,
): Promise<void> {
  await runTar(
    [
      '--extract',
      '--file=-',
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--same-owner',
      '--same-permissions',
      directories,
    ],
    { cwd, input },
  )
}
