import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { failStore } from '@holotype/store'
import type { Format, PackageRecord } from '@holotype/formats'
import { CHECKING_THREADS, THREADS_FROM } from '../limits.ts'
import { readThrough } from './read-through.ts'

/** Who checks payloads, of packages whose metadata says all that the indexes need. */
export interface PayloadChecks extends AsyncDisposable {
  /**
   * Unpacks the payload of a package file to its end, and makes sure that it is the file that was read.
   * @throws PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, FILE_UNREADABLE, STORE_DIGEST_MISMATCH
   */
  check(path: string, record: PackageRecord): Promise<void>
}

/** For so many packages: few are checked here, many by threads, which share the processors. */
export function openPayloadChecks(format: Format, packages: number): PayloadChecks {
  const threads = packages < THREADS_FROM ? [] : startThreads(format)
  let turn = 0
  return {
    async check(path, { sha256 }) {
      const thread = threads[turn++ % threads.length]
      // What a thread does not find sound is looked at again here: so the error is the one that everybody gets.
      const found = (await thread?.check(path)) ?? (await readThrough(format, path))
      if (found !== sha256) throw failStore('STORE_DIGEST_MISMATCH', { what: `${path} changed while it was read` })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.end()))
    },
  }
}

function startThreads({ name }: Format) {
  const count = Math.min(CHECKING_THREADS, availableParallelism())
  return Array.from({ length: count }, () => startThread(name))
}

function startThread(name: string) {
  const worker = new Worker(new URL('./payload-thread.ts', import.meta.url), { workerData: name })
  /** Who waits for an answer; they come in any order. */
  const waiting = new Map<string, (sha256: string | undefined) => void>()
  let ended = false
  const end = () => {
    ended = true
    for (const answer of waiting.values()) answer(undefined)
    waiting.clear()
  }
  worker.on('message', (message: unknown) => {
    if (!isAnswer(message)) return
    waiting.get(message.path)?.(message.sha256)
    waiting.delete(message.path)
  })
  worker.on('error', end)
  worker.on('exit', end)
  return {
    async check(path: string): Promise<string | undefined> {
      if (ended || waiting.has(path)) return undefined
      return new Promise((resolve) => {
        waiting.set(path, resolve)
        worker.postMessage(path)
      })
    },
    end: () => worker.terminate(),
  }
}

function isAnswer(value: unknown): value is { readonly path: string; readonly sha256?: string } {
  return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string'
}
