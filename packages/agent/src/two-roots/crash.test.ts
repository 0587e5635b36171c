import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChannelTarget } from '@holotype/trust'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cutRunReason, someCalls } from '../testing/cut-run.ts'
import { judge } from '../testing/interrupted.ts'
import { type Call, callsOf, type Ended, inject, runAgent } from '../testing/strace.ts'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { makeTwoRoots, type TwoRootsWorld } from '../testing/two-roots.ts'
import type { Sketch } from '../testing/world.ts'

/*
 * Wherever a run is cut, what runs is as it was, and what the link or the boot loader leads to is an image as a whole. The run that is cut begins where
 * a prepared root waits for the reboot and the channel wants a third image: the link goes back to what runs, the other root is written, the
 * link goes to it again.
 */

const reason = cutRunReason(['strace', 'getfattr'])
const timeout = 3_600_000
const PATIENT = { idleMs: 20_000 }
const PARTS = ['a', 'b', 'state', 'current', 'running', 'loader']

describe.skipIf(reason !== '')(`a run of two roots cut short${reason}`, () => {
  let node: TwoRootsWorld
  let images: readonly ChannelTarget[]
  let calls: readonly Call[]
  let before: readonly string[]

  const at = (name: string) => join(node.world.directory, name)
  const copy = (from: string, to: string) => {
    for (const part of PARTS) {
      rmSync(join(to, part), { recursive: true, force: true })
      execFileSync('cp', ['--archive', '--no-dereference', join(from, part), join(to, part)])
    }
  }

  beforeAll(async () => {
    node = await makeTwoRoots({
      parent: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
      activate: (directory) => {
        const [program, loader] = [join(directory, 'activate'), join(directory, 'loader')]
        writeFileSync(program, `#!/bin/sh\necho "$1" >${loader}.new && mv ${loader}.new ${loader}\n`)
        chmodSync(program, 0o755)
        return program
      },
    })
    const { world } = node
    const sketch = (version: string): Sketch => ({
      'bin/tool': `tool ${version}\n`.repeat(2000),
      'bin/same': 'same in all'.repeat(1000),
      'etc/app.conf': `version ${version}`,
      'etc/machine-id': '',
      [`lib/only-${version}`]: version,
      'lib/link': [`only-${version}`],
      [version === 'two' ? 'var/place' : 'var/place/in']: 'file or directory',
    })
    const options = { exclusions: ['/etc/machine-id', '/etc/own*'] }
    images = [await world.image(sketch('one'), options), await world.image(sketch('two'), options)]
    const third = await world.image(sketch('three'), options)
    const [one, two] = images
    if (!one || !two) throw new Error('no images')
    images = [one, two, third]
    await world.publish(1, one)
    // By the program itself, so that it has its sources compiled.
    await runAgent(world.state)
    node.boot()
    writeFileSync(join(node.a, 'etc/machine-id'), '0123')
    writeFileSync(join(node.a, 'etc/own'), 'own')
    await world.publish(2, two)
    await runAgent(world.state)
    if (node.next() !== node.b) throw new Error('the second image was not prepared')
    await world.publish(3, third)
    mkdirSync(at('saved'))
    copy(world.directory, at('saved'))
    before = judge(node.a, /^$/)
    calls = await callsOf(world.state, world.directory, at('log'))
    expectArrived()
  }, 120_000)
  afterAll(() => node[Symbol.asyncDispose]())

  /** The image that a root is at as a whole, what is excluded aside. */
  function imageOf(directory: string): ChannelTarget | undefined {
    const excluded = (line: string) => /^\/etc\/(machine-id|own)/.test(line)
    const lines = (all: readonly string[]) =>
      all.filter((line) => !excluded(line) && !line.startsWith('/etc dir')).join('\n')
    const now = lines(describeRoot(directory))
    return images.find(({ image }) => lines(describeImage(node.world.store, image)) === now)
  }

  function expectArrived(): void {
    expect(imageOf(node.b)).toBe(images[2])
    expect(node.next()).toBe(node.b)
    expect(readFileSync(at('loader'), 'utf8').trim()).toBe(node.b)
    expect(readFileSync(join(node.b, 'etc/machine-id'), 'utf8')).toBe('0123')
    expect(readFileSync(join(node.b, 'etc/own'), 'utf8')).toBe('own')
  }

  async function cutAndMend(call: Call, what: string): Promise<Ended> {
    copy(at('saved'), node.world.directory)
    const ended = await inject(node.world.state, call, what)
    const where = `${what} at ${call.line}`
    expect(judge(node.a, /^$/), where).toEqual(before)
    for (const starts of [node.next(), readFileSync(at('loader'), 'utf8').trim()])
      expect(imageOf(starts), `${starts} after ${where}`).toBeDefined()
    const { error } = await node.world.run(PATIENT)
    expect(error, `after ${where}`).toBeUndefined()
    expectArrived()
    return ended
  }

  test('by a kill at a system call leaves whole what runs and what starts next, and the next run arrives', {
    timeout,
  }, async () => {
    expect(calls.length).toBeGreaterThan(100)
    // The calls around the switches are few, and those that matter most.
    const switches = calls.filter(({ line }) => /switch\.json|current/.test(line))
    expect(switches.length).toBeGreaterThan(10)
    let killed = 0
    const sample = [...someCalls(switches, 5), ...someCalls(calls, 4)]
    for (const call of sample) if ((await cutAndMend(call, 'signal=KILL')).signal === 'SIGKILL') killed++
    expect(killed).toBeGreaterThan(sample.length * 0.8)
  })

  test.each(['ENOSPC', 'EIO', 'EROFS'])('by %s from a system call does too', { timeout }, async (errno) => {
    const able = calls.filter(({ name, path }) => name !== 'write' || path !== undefined)
    for (const call of someCalls(able, 1)) await cutAndMend(call, `error=${errno}`)
  })
})
