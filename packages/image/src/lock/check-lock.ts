import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Digest, type Progress, runTask } from '@holotype/base'
import { checkSonames, type Lock, type LockedPackage, type MissingSoname, type PackageSonames } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { SONAMES_SHOWN, UNPACK_WORKERS } from '../limits.ts'
import { recallSonames } from './sonames-note.ts'

export interface CheckLockOptions {
  readonly store: Store
  /** Its package files are in the store. */
  readonly lock: Pick<Lock, 'format' | 'packages'>
  /** The lock before: who had a library that is missing now. What was never inspected of it is passed over. */
  readonly previous?: readonly LockedPackage[]
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/**
 * The sonames that programs of a lock need and none of its packages has. Each package file is inspected once for ever, the missing ones spread over
 * worker threads, largest first.
 * @throws UNPACK_FAILED (a package that cannot be read), the signal's reason
 */
export async function missingSonames(options: CheckLockOptions): Promise<MissingSoname[]> {
  const { store, lock, previous = [], progress, signal } = options
  const unknown = lock.packages.filter((locked) => recallSonames(store, digestOfFile(locked)) === undefined)
  if (unknown.length > 0) {
    const task = { title: 'look into packages for libraries', total: unknown.length, unit: 'packages' } as const
    await runTask(progress, task, async ({ advance }) => {
      const queue = unknown.toSorted((a, b) => b.size - a.size)
      let done = 0
      const workers = Math.min(UNPACK_WORKERS, availableParallelism(), queue.length)
      const loops = Array.from({ length: workers }, () =>
        drain(options, queue, ({ name }) => advance(++done, { note: name })),
      )
      // All of them, also after a failure: when this throws, no thread writes to the store any more.
      const failed = (await Promise.allSettled(loops)).find((loop) => loop.status === 'rejected')
      if (failed) throw failed.reason
    })
  }
  signal?.throwIfAborted()
  const sonames = (locked: LockedPackage): PackageSonames[] => {
    const note = recallSonames(store, digestOfFile(locked))
    const { name, version, architecture } = locked
    return note ? [{ name, version, architecture, objects: note.objects, links: note.links }] : []
  }
  return checkSonames(lock.packages.flatMap(sonames), previous.flatMap(sonames))
}

/**
 * Refuses a lock whose programs would not find their libraries.
 * @throws LOCK_SONAME_MISSING, and what `missingSonames` throws
 */
export async function refuseMissingSonames(options: CheckLockOptions): Promise<void> {
  const missing = await missingSonames(options)
  if (missing.length === 0) return
  const shown = missing.slice(0, SONAMES_SHOWN).map(missingText)
  const more = missing.length > shown.length ? `; and ${missing.length - shown.length} more` : ''
  throw fail('LOCK_SONAME_MISSING', { what: `${shown.join('; ')}${more}`, data: { missing } })
}

function missingText({ soname, neededBy, providedBefore }: MissingSoname): string {
  const who = neededBy.slice(0, SONAMES_SHOWN).map(({ name, version, by }) => `${name} ${version} (${filesText(by)})`)
  const more = neededBy.length > who.length ? ` and ${neededBy.length - who.length} more packages` : ''
  const before = providedBefore.map(({ name, version, now }) =>
    now === undefined ? `${name} ${version} had it and is gone` : `${name} ${version} had it, ${now} has not`,
  )
  return [`no package has ${soname}, needed by ${who.join(', ')}${more}`, ...before].join(': ')
}

function filesText(paths: readonly string[]): string {
  const shown = paths.slice(0, SONAMES_SHOWN).join(', ')
  return paths.length > SONAMES_SHOWN ? `${shown} and ${paths.length - SONAMES_SHOWN} more files` : shown
}

function digestOfFile(locked: LockedPackage): Digest {
  return `sha256:${locked.sha256}`
}

const answerSchema = z.object({ failed: z.object({ code: z.string(), what: z.string() }).optional() })

/** One worker that takes from the shared queue until it is empty or something fails. */
async function drain(
  { store, lock, signal }: CheckLockOptions,
  queue: LockedPackage[],
  onDone: (locked: LockedPackage) => void,
): Promise<void> {
  const worker = new Worker(new URL('sonames-worker.ts', import.meta.url), {
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
  worker.on('exit', () => ended.reject(fail('UNPACK_FAILED', { what: 'a thread that reads packages ended by itself' })))
  worker.on('message', (message: unknown) => {
    const { failed } = answerSchema.parse(message)
    if (current === undefined) return
    const { name, version } = current
    if (failed) return ended.reject(fail('UNPACK_FAILED', { what: `${name} ${version}: ${failed.what}` }))
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
