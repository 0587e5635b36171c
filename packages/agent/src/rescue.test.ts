import { spawn } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runOnce } from './run-once.ts'
import { openStatCache } from './state/stat-cache.ts'
import { agentCommand } from './testing/agent-command.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { makeWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const skipState = (path: string) => path.startsWith('/var/lib/holotype')

describe('a root that does not run', () => {
  test('is mended from another system with nothing of it but key, configuration and trust root', async () => {
    const image = await world.image({
      'bin/init': 'program',
      'lib/libc.so.6': 'library',
      'etc/fstab': 'root',
      'var/lib/holotype': null,
    })
    await world.publish(1, image)
    await world.enrol()
    await world.run()
    // As on a node: the state within the root, which the configuration calls `/`.
    const state = join(world.root, 'var/lib/holotype')
    rmSync(state, { recursive: true, force: true })
    renameSync(world.state, state)
    const config = join(state, 'config.json')
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), root: '/' }))
    for (const name of ['bin', 'lib']) rmSync(join(world.root, name), { recursive: true })
    writeFileSync(join(world.root, 'lib'), 'not a directory')
    writeFileSync(join(world.root, 'etc/fstab'), Buffer.alloc(100))
    for (const name of readdirSync(state, { recursive: true, encoding: 'utf8' }))
      if (!['config.json', 'key.pem', 'root.json'].includes(name) && statSync(join(state, name)).isFile())
        writeFileSync(join(state, name), Buffer.alloc(64))
    const [program, ...args] = agentCommand
    const child = spawn(program, [...args, 'rescue', '--root', world.root], { stdio: 'ignore' })
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    const lines = (all: string[]) => all.filter((line) => !skipState(line) && !line.startsWith('/var/lib dir'))
    expect(lines(describeRoot(world.root, skipState))).toEqual(lines(describeImage(world.store, image.image)))
  })

  test('is read whole: a damage that no stat shows is found', async () => {
    const image = await world.image({ 'lib/libc.so.6': 'right bytes' })
    await world.publish(1, image)
    await world.enrol()
    // A stat is trusted only some time after the last change.
    world.clock.now += 60_000
    await world.run()
    const path = join(world.root, 'lib/libc.so.6')
    // A disk that gives other bytes for the same inode: the node's own memory says that all is well.
    writeFileSync(path, 'wrong bytes')
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    const cache = openStatCache(world.state)
    cache.set('/lib/libc.so.6', lstatSync(path), { digest: digestOf('right bytes') }, Date.now() + 60_000)
    cache.save()
    expect((await world.run({ verify: true })).report).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('wrong bytes')
    expect((await world.run({ atRest: true, rehash: true })).report).toMatchObject({ repaired: ['/lib/libc.so.6'] })
    expect(readFileSync(path, 'utf8')).toBe('right bytes')
  })

  test('is told nothing: no triggers, no checks; the first run of the booted root makes the checks', async () => {
    const options = (mark: string) => ({
      triggers: [{ name: 'reload', paths: ['/etc/**'], run: ['/bin/true'], when: 'after', timeout: 5 } as const],
      health: {
        units: [],
        ports: [],
        commands: [],
        http: [{ url: `${world.mirror.url}${mark}`, status: 200, timeout: 5 }],
        grace: 0,
      },
    })
    const one = await world.image({ 'etc/a': '1' }, options('one'))
    await world.publish(1, one)
    await world.enrol()
    await world.run()
    await world.publish(2, await world.image({ 'etc/a': '2' }, options('two')))
    const asked = () => world.mirror.asked.filter((path) => path === '/one' || path === '/two')
    const boot = await world.run({ atRest: true })
    expect(boot).toMatchObject({ outcome: 'converged', report: { triggers: [] } })
    expect(asked()).toEqual([])
    writeFileSync(join(world.site, 'one'), 'well')
    expect(await world.run({ roundMs: 5 })).toMatchObject({ outcome: 'rolled-back', image: one.image })
    expect(asked()).toContain('/two')
  })
})

test('a state directory that is not there is told plainly', async () => {
  const nowhere = join(world.directory, 'nowhere')
  mkdirSync(nowhere)
  chmodSync(nowhere, 0o700)
  await expect(runOnce({ state: nowhere, now: Date.now, newId: () => 'x', root: world.root })).rejects.toMatchObject({
    code: 'AGENT_NOT_ENROLLED',
  })
})
