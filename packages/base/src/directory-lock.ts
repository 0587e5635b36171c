import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { digestOf, hexOf } from './digest.ts'
import { errnoOf } from './errors.ts'

export interface DirectoryLock {
  /** The directory that is worked in; it exists. By whatever path it is named, it is one. */
  readonly directory: string
  /** What for: locks of other purposes are others. */
  readonly purpose: string
  /** The error when another process has it. */
  readonly busy: (cause: unknown) => Error
}

/**
 * Runs `work` while no other process of this machine holds the same lock. The lock is a socket in Linux's abstract name space (unix(7)): the
 * kernel frees it with the process, so that a killed one leaves nothing that somebody must clean up.
 * @throws what `busy` gives
 */
export async function withDirectoryLock<T>(
  { directory, purpose, busy }: DirectoryLock,
  work: () => Promise<T>,
): Promise<T> {
  const lock = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    lock.once('error', (error) => reject(errnoOf(error) === 'EADDRINUSE' ? busy(error) : error))
    lock.listen({ path: `\0holotype-${purpose}-${hexOf(digestOf(realpathSync(directory)))}` }, resolve)
  })
  try {
    return await work()
  } finally {
    await new Promise<void>((resolve) => lock.close(() => resolve()))
  }
}
