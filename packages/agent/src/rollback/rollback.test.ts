import { spawn } from 'node:child_process'
import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChannelTarget } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { release } from '../held.ts'
import { agentCommand } from '../testing/agent-command.ts'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { entryOf, isRoot, makeWorld, type Sketch, type World } from '../testing/world.ts'
import { rollBack } from './rollback.ts'

const ONE: Sketch = {
  'bin/tool': 'one\n'.repeat(5000),
  'etc/app.conf': 'workers 1\n',
  'etc/old/deep/file': 'only in the first',
  'etc/link': ['app.conf'],
  'lib/same': 'in both',
  'lib/moved-from': 'moves\n',
  'lib/leaf': 'a file that becomes a directory',
  'lib/folder/in': 'in a directory that becomes a file',
}
const TWO: Sketch = {
  'bin/tool': 'two\n'.repeat(5000),
  'bin/new': 'new',
  'etc/app.conf': 'workers 2\n',
  'etc/link': ['other'],
  'lib/same': 'in both',
  'lib/moved-to': 'moves\n',
  'lib/leaf/in': 'x',
  'lib/folder': 'y',
}

let world: World
let one: ChannelTarget
let two: ChannelTarget

beforeEach(async () => {
  world = await makeWorld()
  one = await world.image(ONE)
  two = await world.image(TWO)
  await world.publish(1, one)
  await world.enrol()
  await world.run()
})
afterEach(() => world[Symbol.asyncDispose]())

async function upgraded(): Promise<void> {
  await world.publish(2, two)
  expect((await world.run()).error).toBeUndefined()
}

let runs = 0
const back = (reason = '') =>
  rollBack({ state: world.state, reason, now: () => ++world.clock.now, newId: () => `back-${++runs}` })

function isAt(target: ChannelTarget): void {
  expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
}

describe('going back', () => {
  test('needs neither site nor server, and holds; the server hears of it with its reason', async () => {
    await upgraded()
    const [asked, heard] = [world.mirror.asked.length, world.server.reports.length]
    const inode = statSync(join(world.root, 'lib/same')).ino
    expect(await back('it eats memory')).toMatchObject({ from: two.image, image: one.image })
    isAt(one)
    expect(world.mirror.asked.length).toBe(asked)
    expect(world.server.reports.length).toBe(heard)
    expect(statSync(join(world.root, 'lib/same')).ino).toBe(inode)

    expect(await world.run()).toMatchObject({ outcome: 'held', image: one.image })
    expect(world.server.checkins.at(-1)?.flags).toEqual(['held', 'rolled-back'])
    expect(world.server.reports.slice(heard)).toMatchObject([
      { outcome: 'converged', from: two.image, to: one.image, bytesFetched: 0 },
      {
        outcome: 'failed',
        to: two.image,
        error: { code: 'AGENT_ROLLED_BACK', what: expect.stringContaining('memory') },
      },
    ])
    isAt(one)
    await expect(back()).rejects.toMatchObject({ code: 'AGENT_NO_PREVIOUS' })
    isAt(one)
  })

  test('is undone by a release, again without fetching a file', async () => {
    await upgraded()
    await back()
    release(world.state)
    const asked = world.mirror.asked.length
    expect(await world.run()).toMatchObject({ outcome: 'converged', image: two.image })
    // Packs are read by ranges.
    expect(world.mirror.asked.slice(asked).filter((request) => request.includes('bytes='))).toEqual([])
    isAt(two)
    await back()
    isAt(one)
  })

  test('keeps one image: after a third, the second is the way back and nothing of the first is kept', async () => {
    await upgraded()
    const three = await world.image({ ...TWO, 'bin/tool': 'three' })
    await world.publish(3, three)
    await world.run()
    isAt(three)
    const ofTwo = describeImage(world.store, two.image).join()
    for (const name of readdirSync(join(world.state, 'previous'))) expect(ofTwo).toContain(name)
    await back()
    isAt(two)
  })

  test('takes no room for a file that is kept: it is the inode that was in the root', async () => {
    const { ino } = statSync(join(world.root, 'bin/tool'))
    await upgraded()
    const inodes = readdirSync(join(world.state, 'previous')).map((name) => {
      const stat = statSync(join(world.state, 'previous', name))
      return [stat.ino, stat.nlink]
    })
    expect(inodes).toContainEqual([ino, 1])
  })

  test('puts a copy in the root: another name of what is kept is not changed', async () => {
    linkSync(join(world.root, 'bin/tool'), join(world.directory, 'elsewhere'))
    await upgraded()
    await back()
    isAt(one)
    writeFileSync(join(world.root, 'bin/tool'), 'changed')
    expect(readFileSync(join(world.directory, 'elsewhere'), 'utf8')).toBe('one\n'.repeat(5000))
  })

  test.each(['spoilt', 'missing'])('is refused before a path changes when a kept file is %s', async (how) => {
    await upgraded()
    const directory = join(world.state, 'previous')
    for (const name of readdirSync(directory))
      if (how === 'missing') rmSync(join(directory, name))
      else writeFileSync(join(directory, name), 'spoilt')
    await expect(back()).rejects.toMatchObject({ code: 'AGENT_NO_PREVIOUS' })
    isAt(two)
    expect(await world.run()).toMatchObject({ outcome: 'unchanged', image: two.image })
    expect(world.server.checkins.at(-1)?.flags).toEqual([])
  })

  test('from a node that was never at another image is refused', async () => {
    await expect(back()).rejects.toMatchObject({ code: 'AGENT_NO_PREVIOUS' })
    isAt(one)
  })

  test('gives an interrupted sync up and returns to where that began', async () => {
    // What a kill in the middle of applying leaves: some of the new image, and the journal.
    await upgraded()
    await back()
    release(world.state)
    writeFileSync(join(world.root, 'bin/tool'), 'two\n'.repeat(5000))
    writeFileSync(
      join(world.state, 'journal.json'),
      JSON.stringify({ from: one.image, to: two.image, before: [], after: [] }),
    )
    // The file that was replaced is kept, as it was before the kill.
    writeFileSync(join(world.state, 'previous', digestName(one, 'bin/tool')), 'one\n'.repeat(5000))
    expect(await back()).toMatchObject({ from: two.image, image: one.image })
    isAt(one)
  })

  test('a newer statement is not obeyed while it holds, and is after the release', async () => {
    await upgraded()
    await back()
    const three = await world.image({ ...TWO, 'bin/tool': 'three' })
    await world.publish(3, three)
    expect((await world.run()).outcome).toBe('held')
    // The channel wants another image than the one that was given up.
    expect(world.server.checkins.at(-1)?.flags).toEqual(['held'])
    release(world.state)
    expect(await world.run()).toMatchObject({ outcome: 'converged', image: three.image })
    isAt(three)
  })
})

function digestName(target: ChannelTarget, path: string): string {
  const line = describeImage(world.store, target.image).find((text) => text.startsWith(`/${path} `))
  return line?.split('sha256:')[1] ?? ''
}

/** Runs the program with arguments in front: unshare. */
function agent(before: readonly string[], ...args: string[]): Promise<number | null> {
  const [program, ...rest] = [...before, ...agentCommand, ...args, '--state', world.state]
  const child = spawn(program ?? '', rest, { stdio: 'ignore' })
  return new Promise((resolve) => child.on('close', resolve))
}

test.skipIf(!isRoot)('the program goes back in a network namespace without any interface up (needs root)', async () => {
  await upgraded()
  expect(await agent(['unshare', '--net'], 'rollback', '--reason', 'no network')).toBe(0)
  isAt(one)
})

test('killed at any moment of going back, the next run ends it', { timeout: 120_000 }, async () => {
  const many = (text: string) =>
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`many/${index}`, `${text} ${index}`]))
  const old = await world.image({ ...ONE, ...many('old') })
  const young = await world.image({ ...TWO, ...many('young') })
  await world.publish(2, old)
  await world.run()
  let number = 2
  let killed = 0
  for (const milliseconds of [300, 380, 460]) {
    await world.publish(++number, young)
    await world.run()
    isAt(young)
    const [program, ...args] = agentCommand
    const child = spawn(program, [...args, 'rollback', '--state', world.state], { stdio: 'ignore' })
    const ended = new Promise<string | null>((resolve) => child.on('close', (_code, signal) => resolve(signal)))
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds)
    if ((await ended) === 'SIGKILL') killed++
    clearTimeout(timer)
    const outcome = await world.run()
    // Killed before it had begun, the node is where it was: nothing half-done either way.
    expect(outcome.error).toBeUndefined()
    isAt(outcome.image === old.image ? old : young)
    if (outcome.image !== old.image) {
      await back()
      isAt(old)
    }
    release(world.state)
  }
  expect(killed).toBeGreaterThan(0)
})

test.skipIf(!isRoot)('a file’s attributes do not come back with its bytes (needs root)', async () => {
  const plain = entryOf(world.store, 'bytes')
  const first = await world.image({ 'bin/plain': plain })
  await world.publish(2, first)
  await world.run()
  const { execFileSync } = await import('node:child_process')
  execFileSync('setfattr', ['-n', 'user.extra', '-v', 'x', join(world.root, 'bin/plain')])
  await world.publish(3, two)
  await world.run()
  await back()
  isAt(first)
  expect(execFileSync('getfattr', ['-d', join(world.root, 'bin/plain')]).toString()).toBe('')
})
