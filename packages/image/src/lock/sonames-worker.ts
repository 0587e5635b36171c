import { parentPort, workerData } from 'node:worker_threads'
import { HolotypeError, isDigest } from '@holotype/base'
import { openStore } from '@holotype/store'
import { z } from 'zod'
import { noteSonames } from './sonames-note.ts'

/** One thread of {@link lockedSonames}: takes a package file's digest, answers when its sonames are noted. */

const { directory, format } = z
  .object({ directory: z.string(), format: z.enum(['deb', 'alpm', 'rpm', 'xbps']) })
  .parse(workerData)
const store = openStore(directory)

parentPort?.on('message', (digest: unknown) => {
  if (!isDigest(digest)) throw new TypeError('a worker is handed digests')
  noteSonames(store, format, digest).then(
    () => parentPort?.postMessage({ digest }),
    (error: unknown) => {
      const code = error instanceof HolotypeError ? error.code : ''
      parentPort?.postMessage({
        digest,
        failed: { code, what: error instanceof Error ? error.message : String(error) },
      })
    },
  )
})
