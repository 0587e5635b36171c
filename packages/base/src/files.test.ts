import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

/** The first name that a fresh thread of this process gives. */
async function nameFromThread(): Promise<unknown> {
  const files = JSON.stringify(new URL('./files.ts', import.meta.url).href)
  const worker = new Worker(
    `import(${files}).then((module) => require('node:worker_threads').parentPort.postMessage(module.temporaryName('a')))`,
    { eval: true },
  )
  const [name]: unknown[] = await once(worker, 'message')
  await worker.terminate()
  return name
}

test('two threads of one process never give the same temporary name', async () => {
  const names = await Promise.all([nameFromThread(), nameFromThread()])
  expect(names[0]).toMatch(/^a\.tmp-\d+-\d+-1$/)
  expect(names[0]).not.toBe(names[1])
})
