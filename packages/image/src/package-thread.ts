import { parentPort, workerData } from 'node:worker_threads'
import { type Digest, HolotypeError, isDigest } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import { openStore, type Store } from '@holotype/store'
import { z } from 'zod'

/** The inside of a thread of `workOnPackages`: takes a package file's digest, answers when `work` is done with it. */
export function serveThread(work: (store: Store, format: FormatName, digest: Digest) => Promise<unknown>): void {
  const { directory, format } = z
    .object({ directory: z.string(), format: z.enum(['deb', 'alpm', 'rpm', 'xbps']) })
    .parse(workerData)
  const store = openStore(directory)
  parentPort?.on('message', (digest: unknown) => {
    if (!isDigest(digest)) throw new TypeError('a thread is handed digests')
    work(store, format, digest).then(
      () => parentPort?.postMessage({}),
      (error: unknown) => parentPort?.postMessage({ failed: failureOf(error) }),
    )
  })
}

/** What is told of an error with a package file, also to another thread. */
export function failureOf(error: unknown): { code: string; what: string; hint?: string } {
  if (!(error instanceof HolotypeError)) return { code: '', what: String(error) }
  return { code: error.code, what: error.message, hint: error.hint }
}
