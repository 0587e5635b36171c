import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, failBase, SYSTEM_PATH } from '@holotype/base'
import { fail } from '../errors.ts'
import { QUEUE_SECONDS } from '../limits.ts'

/** flock(1)'s exit code when the wait was over, as we ask for it. */
const WAITED = 75

/**
 * Runs `work` while nobody else, in this process or another, works on the repository whose state lies in `directory`. Who comes meanwhile
 * waits in the kernel's queue (flock(2)), at most `seconds`. The kernel frees the lock with its owner, however that ended: there is no stale
 * lock to find out and remove, and no process id that another container knows by another number.
 * @throws REPOSITORY_BUSY
 */
export async function inTurn<T>(directory: string, work: () => Promise<T>, seconds = QUEUE_SECONDS): Promise<T> {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'lock')
  const owner = join(directory, 'owner')
  // Made here, so that its mode does not depend on a program.
  closeSync(openSync(path, 'a', 0o644))
  await using lock = await acquire(path, owner, seconds)
  writeFileSync(owner, `process ${process.pid} since ${new Date().toISOString()}\n`)
  try {
    return await work()
  } finally {
    rmSync(owner, { force: true })
    await lock.release()
  }
}

interface Held extends AsyncDisposable {
  release(): Promise<void>
}

/**
 * Node has no flock(2). The program takes the lock and then echoes what we say, until its input ends: by our doing or by our death.
 */
async function acquire(path: string, owner: string, seconds: number): Promise<Held> {
  const child = spawn(
    'flock',
    ['--exclusive', '--wait', String(seconds), '--conflict-exit-code', String(WAITED), '--no-fork', path, 'cat'],
    // In a process group of its own: a signal from the terminal must not free the lock before we are done.
    { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: SYSTEM_PATH }, detached: true },
  )
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  child.stdin.on('error', () => {})
  child.stdin.write('?')
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('error', (cause) => {
      const what = 'flock cannot be started: it queues those who write to one repository'
      reject(errnoOf(cause) === 'ENOENT' ? failBase('PROCESS_NOT_FOUND', { what, cause }) : cause)
    })
    void ended.then((code) => reject(code === WAITED ? busy(path, owner, seconds) : new Error(`flock ended: ${code}`)))
  })
  const release = async () => {
    child.stdin.end()
    await ended
  }
  return { release, [Symbol.asyncDispose]: release }
}

function busy(path: string, owner: string, seconds: number): Error {
  return fail('REPOSITORY_BUSY', { what: `after ${seconds} s ${path} was still held by ${ownerOf(owner)}` })
}

function ownerOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 200).trim()
  } catch {
    return 'another process'
  }
}
