import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Digest, failBase, type Progress, runTask } from '@holotype/base'
import type { Lock, LockedPackage } from '@holotype/solver'
import { failStore, type Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from './errors.ts'
import { THREAD_BYTES, UNPACK_WORKERS } from './limits.ts'
import { failureOf } from './package-thread.ts'

const failedSchema = z.object({ code: z.string(), what: z.string(), hint: z.string().optional() })
const answerSchema = z.object({ failed: failedSchema.optional() })

export interface PackageWork {
  readonly store: Store
  readonly format: Lock['format']
  /** Their files are in the store. */
  readonly packages: readonly LockedPackage[]
  /** The program of a thread, which calls `serveThread` with the work. */
  readonly program: URL
  /** The same work without a thread, loaded when there is something to do. */
  readonly load: () => Promise<(store: Store, format: Lock['format'], digest: Digest) => Promise<unknown>>
  /** What it does, for the progress shown. */
  readonly title: string
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/**
 * Has each package file worked on, the largest first, by a few threads, or by this one where there is so little to do that starting another would take longer.
 * @throws UNPACK_FAILED, OBJECT_MISSING (a package file was never fetched), DISK_FULL, the signal's reason
 */
export async function workOnPackages(work: PackageWork): Promise<void> {
  const { packages, title, progress, signal } = work
  if (packages.length > 0)
    await runTask(progress, { title, total: packages.length, unit: 'packages' }, async ({ advance }) => {
      const queue = packages.toSorted((a, b) => b.size - a.size)
      let done = 0
      const onDone = ({ name }: LockedPackage) => advance(++done, { note: name })
      const bytes = queue.reduce((sum, { size }) => sum + size, 0)
      if (bytes <= THREAD_BYTES) return await workHere(work, queue, onDone)
      const threads = Math.min(UNPACK_WORKERS, availableParallelism(), queue.length, Math.ceil(bytes / THREAD_BYTES))
      const loops = Array.from({ length: threads }, () => drain(work, queue, onDone))
      // All of them, also after a failure: when this throws, no thread writes to the store any more.
      const failed = (await Promise.allSettled(loops)).find((loop) => loop.status === 'rejected')
      if (failed) throw failed.reason
    })
  signal?.throwIfAborted()
}

/** The digest of a locked package's file. */
export function digestOfFile(locked: LockedPackage): Digest {
  return `sha256:${locked.sha256}`
}

export function packageLabel(locked: LockedPackage): string {
  return `${locked.name} ${locked.version} (${locked.architecture})`
}

/** All of the queue, in this thread. */
async function workHere(
  { store, format, load, signal }: PackageWork,
  queue: readonly LockedPackage[],
  onDone: (locked: LockedPackage) => void,
): Promise<void> {
  const work = await load()
  for (const locked of queue) {
    if (signal?.aborted) return
    try {
      await work(store, format, digestOfFile(locked))
    } catch (error) {
      throw asFailure(locked, failureOf(error))
    }
    onDone(locked)
  }
}

/** One thread that takes from the shared queue until it is empty or something fails. */
async function drain(
  { store, format, program, signal }: PackageWork,
  queue: LockedPackage[],
  onDone: (locked: LockedPackage) => void,
): Promise<void> {
  const worker = new Worker(program, { workerData: { directory: store.directory, format } })
  const ended = Promise.withResolvers<void>()
  let current: LockedPackage | undefined
  const next = () => {
    current = signal?.aborted ? undefined : queue.shift()
    if (current) worker.postMessage(digestOfFile(current))
    else ended.resolve()
  }
  worker.on('error', ended.reject)
  worker.on('exit', () => ended.reject(fail('UNPACK_FAILED', { what: 'a thread that reads packages ended by itself' })))
  worker.on('message', (message: unknown) => {
    const { failed } = answerSchema.parse(message)
    if (current === undefined) return
    if (failed) return ended.reject(asFailure(current, failed))
    onDone(current)
    next()
  })
  next()
  try {
    await ended.promise
  } catch (error) {
    queue.length = 0
    throw error
  } finally {
    worker.removeAllListeners()
    await worker.terminate()
  }
}

/** A thread's error under its own code where it is not the package's fault. */
function asFailure(locked: LockedPackage, failed: z.infer<typeof failedSchema>): Error {
  const details = { what: `${packageLabel(locked)}: ${failed.what}`, ...(failed.hint ? { hint: failed.hint } : {}) }
  if (failed.code === 'DISK_FULL') return failBase('DISK_FULL', details)
  if (failed.code === 'OBJECT_MISSING') return failStore('OBJECT_MISSING', details)
  return fail('UNPACK_FAILED', details)
}
