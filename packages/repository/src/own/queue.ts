import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isErrorCode, withDirectoryLock } from '@holotype/base'
import { fail } from '../errors.ts'
import { QUEUE_POLL_MS, QUEUE_SECONDS } from '../limits.ts'

/** The last of those of this process who wait for a repository, by its state's directory. */
const waiting = new Map<string, Promise<unknown>>()

/**
 * Runs `work` while nobody else, in this process or another of this machine, works on the repository whose state lies in `directory`. Who comes
 * meanwhile waits, at most `seconds`: in this process in the order they came; of several processes none has two turns while another one waits. The kernel frees the lock
 * with its owner, however that ended, so that there is no stale lock to find out and remove.
 * @throws REPOSITORY_BUSY
 */
export async function inTurn<T>(directory: string, work: () => Promise<T>, seconds = QUEUE_SECONDS): Promise<T> {
  mkdirSync(directory, { recursive: true })
  const end = Date.now() + seconds * 1000
  const before = waiting.get(directory) ?? Promise.resolve()
  const mine = before.then(() => amongProcesses({ directory, end, seconds }, work))
  const settled = mine.catch(() => {})
  waiting.set(directory, settled)
  try {
    return await mine
  } finally {
    if (waiting.get(directory) === settled) waiting.delete(directory)
  }
}

interface Turn {
  readonly directory: string
  /** When waiting ends, milliseconds since the epoch. */
  readonly end: number
  readonly seconds: number
}

/**
 * Two locks make it fair: who waits for the turn holds the one for being next, which whoever had the turn last has to get as well before it can
 * have another one.
 */
async function amongProcesses<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
  const { mine } = await whenFree({ ...turn, purpose: 'repository-next' }, async () => {
    const entered = Promise.withResolvers<void>()
    const mine = whenFree({ ...turn, purpose: 'repository' }, async () => {
      entered.resolve()
      const owner = ownerFile(turn.directory)
      writeFileSync(owner, `process ${process.pid} since ${new Date().toISOString()}\n`)
      try {
        return await work()
      } finally {
        rmSync(owner, { force: true })
      }
    })
    await Promise.race([entered.promise, mine])
    // Not the promise itself, which would be waited for.
    return { mine }
  })
  return await mine
}

/** Runs `work` with a lock, for which it asks again and again until the turn's waiting ends. */
async function whenFree<T>(
  { directory, end, seconds, purpose }: Turn & { readonly purpose: string },
  work: () => Promise<T>,
): Promise<T> {
  const busy = (cause: unknown) =>
    fail('REPOSITORY_BUSY', {
      what: `after ${seconds} s ${directory} was still held by ${ownerOf(ownerFile(directory))}`,
      cause,
    })
  for (;;) {
    let begun = false
    try {
      return await withDirectoryLock({ directory, purpose, busy }, () => {
        begun = true
        return work()
      })
    } catch (error) {
      // Only what the lock itself says: `work` may fail for its own reasons.
      if (begun || !isErrorCode(error, 'REPOSITORY_BUSY') || Date.now() >= end) throw error
    }
    // Not all at the same moment.
    await delay(QUEUE_POLL_MS / 2 + Math.random() * QUEUE_POLL_MS)
  }
}

function ownerFile(directory: string): string {
  return join(directory, 'owner')
}

function ownerOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 200).trim()
  } catch {
    return 'another process'
  }
}
