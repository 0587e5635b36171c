import { parentPort, workerData } from 'node:worker_threads'
import { HolotypeError, isDigest } from '@holotype/base'
import { openStore } from '@holotype/store'
import { z } from 'zod'
import { unpackPackage } from './unpack-package.ts'

/** One thread of {@link unpackAll}: takes a package file's digest, answers when it is unpacked. */

const { directory, format } = z
  .object({ directory: z.string(), format: z.enum(['deb', 'alpm', 'rpm', 'xbps']) })
  .parse(workerData)
const store = openStore(directory)

parentPort?.on('message', (digest: unknown) => {
  if (!isDigest(digest)) throw new TypeError('a worker is handed digests')
  unpackPackage(store, format, digest).then(
    (unpacked) => parentPort?.postMessage({ digest, unpacked }),
    (error: unknown) => {
      const { code, message, hint } =
        error instanceof HolotypeError ? error : { code: '', message: String(error), hint: undefined }
      parentPort?.postMessage({ digest, failed: { code, what: message, hint } })
    },
  )
})
