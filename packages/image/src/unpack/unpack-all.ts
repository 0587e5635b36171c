import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Digest, failBase, type Progress, runTask } from '@holotype/base'
import type { Lock, LockedPackage } from '@holotype/solver'
import { failStore, type Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { UNPACK_WORKERS } from '../limits.ts'
import { isWhole, recallUnpacked, type Unpacked } from './unpacked.ts'

const failedSchema = z.object({ code: z.string(), what: z.string(), hint: z.string().optional() })
type Failed = z.infer<typeof failedSchema>
const answerSchema = z.object({
  digest: z.string(),
  failed: failedSchema.optional(),
})

export interface LockedUnpacked {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly unpacked: Unpacked
}

export interface UnpackAllOptions {
  readonly store: Store
  readonly lock: Pick<Lock, 'format' | 'packages'>
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/**
 * Every package of a lock, unpacked in the store. What was unpacked before is only looked up; the rest is spread over worker threads,
 * largest first.
 * @throws UNPACK_FAILED, OBJECT_MISSING (a package file was never fetched), DISK_FULL, the signal's reason
 */
export async function unpackAll(options: UnpackAllOptions): Promise<LockedUnpacked[]> {
  const { store, lock, progress, signal } = options
  const recall = (locked: LockedPackage) => {
    const unpacked = recallUnpacked(store, digestOfFile(locked))
    return unpacked && isWhole(store, unpacked) ? unpacked : undefined
  }
  const known = new Map(lock.packages.map((locked) => [locked, recall(locked)]))
  const missing = lock.packages.filter((locked) => known.get(locked) === undefined)
  if (missing.length > 0) {
    await runTask(
      progress,
      { title: 'unpack packages into the store', total: missing.length, unit: 'packages' },
      async (task) => {
        const queue = missing.toSorted((a, b) => b.size - a.size)
        let done = 0
        const workers = Math.min(UNPACK_WORKERS, availableParallelism(), queue.length)
        const loops = Array.from({ length: workers }, () =>
          drain(options, queue, (locked) => task.advance(++done, { note: locked.name })),
        )
        // All of them, also after a failure: when this throws, no thread writes to the store any more.
        const failed = (await Promise.allSettled(loops)).find((loop) => loop.status === 'rejected')
        if (failed) throw failed.reason
      },
    )
  }
  signal?.throwIfAborted()
  return lock.packages.map((locked) => {
    const unpacked = known.get(locked) ?? recall(locked)
    if (!unpacked) throw fail('UNPACK_FAILED', { what: `${label(locked)} was not unpacked` })
    return { name: locked.name, version: locked.version, architecture: locked.architecture, unpacked }
  })
}

function digestOfFile(locked: LockedPackage): Digest {
  return `sha256:${locked.sha256}`
}

function label(locked: LockedPackage): string {
  return `${locked.name} ${locked.version} (${locked.architecture})`
}

/** One worker that takes from the shared queue until it is empty or something fails. */
async function drain(
  { store, lock, signal }: UnpackAllOptions,
  queue: LockedPackage[],
  onDone: (locked: LockedPackage) => void,
): Promise<void> {
  const worker = new Worker(new URL('unpack-worker.ts', import.meta.url), {
    workerData: { directory: store.directory, format: lock.format },
  })
  const ended = Promise.withResolvers<void>()
  let current: LockedPackage | undefined
  const next = () => {
    current = signal?.aborted ? undefined : queue.shift()
    if (current) worker.postMessage(digestOfFile(current))
    else ended.resolve()
  }
  worker.on('error', ended.reject)
  worker.on('exit', () => ended.reject(fail('UNPACK_FAILED', { what: 'a thread that unpacks ended by itself' })))
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
function asFailure(locked: LockedPackage, failed: Failed): Error {
  const details = { what: `${label(locked)}: ${failed.what}`, ...(failed.hint ? { hint: failed.hint } : {}) }
  if (failed.code === 'DISK_FULL') return failBase('DISK_FULL', details)
  if (failed.code === 'OBJECT_MISSING') return failStore('OBJECT_MISSING', details)
  return fail('UNPACK_FAILED', details)
}
