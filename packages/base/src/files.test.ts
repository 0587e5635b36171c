import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { removePath } from './files.ts'

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

test('what is at a path is removed, of a directory all, and of a link not what it leads to', () => {
  const base = mkdtempSync(join(tmpdir(), 'holotype-remove-'))
  const at = (name: string) => join(base, name)
  mkdirSync(at('kept'))
  writeFileSync(at('kept/file'), '')
  mkdirSync(at('directory/below'), { recursive: true })
  symlinkSync(at('kept'), at('directory/below/link'))
  symlinkSync(at('kept'), at('link'))
  for (const name of ['directory', 'link', 'nothing']) removePath(at(name))
  expect(readdirSync(base)).toEqual(['kept'])
  expect(() => removePath(join(at('kept/file'), 'below'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }))
  removePath(at('kept'))
  expect(readdirSync(base)).toEqual([])
  rmSync(base, { recursive: true })
})
