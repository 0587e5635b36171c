import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '@holotype/base'
import { createKeyring } from '@holotype/trust'
import { beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../testing/folder.ts'
import { ownRepository } from '../testing/own.ts'
import { writeDeb } from '../testing/upstream.ts'
import { placeOf, stateDirectory } from './place.ts'
import { inTurn } from './queue.ts'
import { ownPackages } from './state.ts'

const PROGRAM = join(import.meta.dirname, '../testing/own-process.ts')
const folder = testFolder()

beforeAll(async () => {
  await createKeyring(join(folder, 'keys'), {})
})

describe('who works on one repository', () => {
  it('queues up in one process, in the order they came', async () => {
    const directory = join(folder, 'one-process')
    const order: string[] = []
    const work = (name: string) => async () => {
      order.push(`${name} begins`)
      await delay(5)
      order.push(`${name} ends`)
    }
    await Promise.all(['a', 'b', 'c'].map((name) => inTurn(directory, work(name))))
    expect(order).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })
  it('goes on after one that failed, and gives on what it failed of', async () => {
    const directory = join(folder, 'failing')
    const failing = inTurn(directory, () => Promise.reject(new Error('mine')))
    const next = inTurn(directory, async () => 'done')
    await expect(failing).rejects.toThrow('mine')
    expect(await next).toBe('done')
  })
  it('does not wait for another repository', async () => {
    let free = () => {}
    const held = new Promise<void>((resolve) => {
      free = resolve
    })
    const holding = inTurn(join(folder, 'held'), () => held)
    expect(await inTurn(join(folder, 'other'), async () => 'at once', 0)).toBe('at once')
    free()
    await holding
  })
  it('queues up among processes: all packages of all of them are in the list', async () => {
    const repository = await ownRepository(folder, 'many')
    const names = ['a', 'b', 'c', 'd']
    const packages = names.flatMap((name) => [1, 2, 3].map((at) => `${name}-${at}`))
    const files = await Promise.all(packages.map((name) => writeDeb(join(folder, 'built'), { name })))
    const done = await Promise.all(
      names.map((_, at) =>
        run([process.execPath, PROGRAM, 'ingest', folder, 'many', ...files.slice(at * 3, at * 3 + 3)]),
      ),
    )
    expect(done.map(({ stdout }) => stdout.toString().trim())).toEqual(['3', '3', '3', '3'])
    expect(ownPackages(placeOf(repository)).map(({ name }) => name)).toEqual(packages)
  })
  it('waits for a process no longer than told, says who it was, and goes on when that one is killed', async () => {
    const directory = stateDirectory(placeOf(await ownRepository(folder, 'stale')))
    const queue = join(import.meta.dirname, 'queue.ts')
    const script = `import { inTurn } from ${JSON.stringify(queue)}
      await inTurn(${JSON.stringify(directory)}, () => { console.log('mine'); return new Promise((done) => setTimeout(done, 60000)) })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      await expect(inTurn(directory, async () => 'mine', 0.1)).rejects.toMatchObject({
        code: 'REPOSITORY_BUSY',
        message: expect.stringContaining(`process ${child.pid} since`),
      })
      // It holds its own repository alone.
      expect(await inTurn(`${directory}-other`, async () => 'at once', 0)).toBe('at once')
      const mine = inTurn(directory, async () => 'mine', 20)
      child.kill('SIGKILL')
      expect(await mine).toBe('mine')
    } finally {
      child.kill('SIGKILL')
    }
  })
})
