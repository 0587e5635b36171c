import { join } from 'node:path'
import { silent } from '@holotype/base'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { THREAD_BYTES } from './limits.ts'
import { type PackageWork, workOnPackages } from './package-threads.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const store = openStore(join(temporaryDirectory(), 'store'))
const HALF = THREAD_BYTES / 2

/** Packages of these sizes; the program of their threads is not there. */
function workOn(sizes: readonly number[], load: PackageWork['load']): Promise<void> {
  const packages = sizes.map((size, index) => ({
    name: `p${index}`,
    version: '1',
    architecture: 'amd64',
    source: `p${index}`,
    sourceVersion: '1',
    size,
    sha256: String(index).repeat(64),
    from: 'test',
  }))
  const program = new URL('no-such-worker.ts', import.meta.url)
  return workOnPackages({ store, format: 'deb', packages, program, load, title: 'work', progress: silent })
}

test('a little is done without a thread, the largest first; more is not', async () => {
  const done: string[] = []
  const load = async () => async (_store: unknown, _format: unknown, digest: string) => done.push(digest)
  await workOn([1, HALF, HALF - 1], load)
  expect(done).toEqual(['1', '2', '0'].map((digit) => `sha256:${digit.repeat(64)}`))
  await expect(workOn([1, HALF, HALF], load)).rejects.toThrow(/no-such-worker/)
  expect(done).toHaveLength(3)
})

test('nothing is loaded for nothing', async () => {
  await workOn([], () => Promise.reject(new Error('loaded')))
})

test('who fails is named, and what comes after it is left', async () => {
  const done: string[] = []
  const failing = workOn([3, 2, 1], async () => async (_store, _format, digest) => {
    if (digest.includes('1')) throw new Error('torn')
    done.push(digest)
  })
  await expect(failing).rejects.toMatchObject({
    code: 'UNPACK_FAILED',
    message: expect.stringMatching(/^p1 1 \(amd64\): .*torn/),
  })
  expect(done).toHaveLength(1)
})
