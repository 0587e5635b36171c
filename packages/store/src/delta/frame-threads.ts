import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { FRAMES_IN_FLIGHT } from '../limits.ts'
import type { Coded } from './code-frame.ts'

interface Job {
  readonly bytes: { readonly raw: Buffer; readonly bases: Buffer }
  readonly answer: PromiseWithResolvers<Coded>
}

/** Codes frames in threads, one for each processor: each takes the next that waits. Dispose of it: threads keep a process alive. */
export function codeInThreads(): AsyncDisposable & { code(raw: Buffer, bases: Buffer): Promise<Coded> } {
  const waiting: Job[] = []
  const threads = Array.from({ length: Math.min(FRAMES_IN_FLIGHT, availableParallelism()) }, () => startThread(waiting))
  return {
    code(raw, bases) {
      const answer = Promise.withResolvers<Coded>()
      waiting.push({ bytes: { raw, bases }, answer })
      for (const thread of threads) thread.wake()
      return answer.promise
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.end()))
    },
  }
}

function startThread(waiting: Job[]) {
  const worker = new Worker(new URL('./frame-thread.ts', import.meta.url))
  let job: Job | undefined
  let failure: Error | undefined
  const wake = () => {
    if (job || failure) return
    job = waiting.shift()
    if (job) worker.postMessage(job.bytes)
  }
  const fail = (error: Error) => {
    failure ??= error
    // What waits must not wait for ever: what one thread cannot do, another could not either.
    for (const { answer } of [...(job ? [job] : []), ...waiting.splice(0)]) answer.reject(failure)
    job = undefined
  }
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('a thread that codes a delta ended by itself')))
  worker.on('message', (message: unknown) => {
    const done = job
    job = undefined
    if (isCoded(message)) done?.answer.resolve(message)
    else done?.answer.reject(new TypeError('a thread answered with something else than a frame'))
    wake()
  })
  return { wake, end: () => worker.terminate() }
}

function isCoded(value: unknown): value is Coded {
  return typeof value === 'object' && value !== null && 'compressed' in value && value.compressed instanceof Uint8Array
}
