import { parentPort, workerData } from 'node:worker_threads'
import { formatOf } from '@holotype/formats'
import { readThrough } from './read-through.ts'

// One of the threads of payload-checks.ts: gets paths, answers with digests, and with none where a file is not sound.
const format = formatOf(String(workerData))
parentPort?.on('message', (path: unknown) => {
  if (typeof path !== 'string') return
  readThrough(format, path).then(
    (sha256) => parentPort?.postMessage({ path, sha256 }),
    () => parentPort?.postMessage({ path }),
  )
})
