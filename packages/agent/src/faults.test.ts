import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hexOf } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentCommand } from './testing/agent-command.ts'
import { lockState } from './state/lock.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { serveSite } from './testing/static-site.ts'
import { isRoot, makeWorld, type Sketch, type World } from './testing/world.ts'
import { verifyRoot } from './verify.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

/** Bytes that do not compress, the same in every run. */
function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  let x = seed
  for (let at = 0; at < size; at++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = x >>> 16
  }
  return bytes
}

/** Small objects that share frames, and one large enough to be streamed. */
function sketch(seed: number, files = 40): Sketch {
  return {
    ...Object.fromEntries(
      Array.from({ length: files }, (_, index) => [`usr/share/d${index % 7}/f${index}`, noise(20_000, seed + index)]),
    ),
    'usr/lib/big.so': noise(5_000_000, seed * 31),
  }
}

describe('a mirror that fails', () => {
  test('breaking off in every body once is made good by resuming, and no byte is fetched twice', async () => {
    const target = await world.image(sketch(1))
    await world.publish(1, target)
    await world.enrol()
    world.mirror.lie = (path, count) => (path.startsWith('/objects/') && count === 1 ? 'truncate' : undefined)
    expect((await world.run({ idleMs: 2000 })).error).toBeUndefined()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
    const pack = hexOf(target.packs[0]?.pack ?? 'sha256:').slice(2)
    const ranges = world.mirror.asked
      .filter((line) => line.includes(pack))
      .map((line) => Number(/=([0-9]+)-/.exec(line)?.[1]))
    expect(ranges.length).toBeGreaterThan(1)
    // The one that follows the broken one starts within it, not anew.
    expect(ranges.some((from, index) => index > 0 && from > (ranges[index - 1] ?? 0))).toBe(true)
  })

  test('always breaking off ends in one error, the root untouched; the next run goes on', async () => {
    const target = await world.image(sketch(2))
    await world.publish(1, target)
    await world.enrol()
    const pack = hexOf(target.packs[0]?.pack ?? 'sha256:').slice(2)
    world.mirror.lie = (path) => (path.includes(pack) ? 'error' : undefined)
    const outcome = await world.run()
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_SITE_UNREACHABLE' }, image: null })
    expect(readdirSync(world.root)).toEqual([])
    expect(world.server.reports.at(-1)).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_SITE_UNREACHABLE' } })
    await world.run()
    // The same failure is not told twice.
    expect(world.server.reports).toHaveLength(1)
    world.mirror.lie = () => undefined
    expect((await world.run()).outcome).toBe('converged')
  })

  test.each(['tamper', 'missing', 'stall', 'error', 'truncate'] as const)('%s: another mirror serves', async (lie) => {
    const target = await world.image(sketch(3, 10))
    await world.publish(1, target)
    await using bad = await serveSite(world.site)
    bad.lie = (path) => (path.startsWith('/objects/') ? lie : undefined)
    await world.enrol([bad.url, world.mirror.url])
    expect((await world.run({ idleMs: 300 })).error).toBeUndefined()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
  })

  test('tampered objects everywhere end in one error and none of their bytes in the root', async () => {
    const target = await world.image(sketch(4, 10))
    await world.publish(1, target)
    await world.enrol()
    const pack = hexOf(target.packs[0]?.pack ?? 'sha256:').slice(2)
    world.mirror.lie = (path) => (path.includes(pack) ? 'tamper' : undefined)
    expect((await world.run()).error?.code).toBe('AGENT_OBJECT_CORRUPT')
    expect(readdirSync(world.root)).toEqual([])
  })

  test('an index without end is taken to the byte that the statement says', async () => {
    const target = await world.image(sketch(6, 10))
    await world.publish(1, target)
    await world.enrol()
    const index = hexOf(target.packs[0]?.index ?? 'sha256:').slice(2)
    world.mirror.lie = (path) => (path.includes(index) ? 'endless' : undefined)
    const { error, report } = await world.run({ idleMs: 2000 })
    expect(error).toBeUndefined()
    const { indexSize = 0, size = 0 } = target.packs[0] ?? {}
    expect(report?.bytesFetched).toBeLessThan(indexSize + size + 100_000)
  })

  test('a web server without ranges serves too', async () => {
    const target = await world.image(sketch(5, 10))
    await world.publish(1, target)
    await world.enrol()
    world.mirror.lie = () => 'no-ranges'
    expect((await world.run()).error).toBeUndefined()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
  })

  test('a mirror whose trust metadata is spoiled is passed over', async () => {
    await world.publish(1, await world.image(sketch(6, 3)))
    await using bad = await serveSite(world.site)
    await world.enrol([bad.url, world.mirror.url])
    bad.lie = (path) => (path.startsWith('/trust/') ? 'tamper' : undefined)
    expect((await world.run()).outcome).toBe('converged')
  })
})

describe('a kill', () => {
  test('at any moment leaves a node that the next run brings to the image', { timeout: 60_000 }, async () => {
    const images = [await world.image(sketch(10, 80)), await world.image(sketch(20, 80))]
    await world.enrol()
    let number = 0
    for (let round = 0; round < 5; round++) {
      const target = images[round % 2]
      if (!target) continue
      await world.publish(++number, target)
      const [program, ...before] = agentCommand
      const child = spawn(program, [...before, 'run', '--once', '--state', world.state, '--json'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const ended = new Promise((resolve) => child.on('close', resolve))
      // Where the kill strikes: from the first look at the tree to a little after the first writes.
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          if (/"title":"(compare|write|fetch files)"/.test(chunk.toString())) setTimeout(resolve, round * 8)
        })
        child.on('close', () => resolve())
      })
      child.kill('SIGKILL')
      await ended
      expect((await world.run()).error).toBeUndefined()
      expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
      expect(readdirSync(join(world.state, 'staged'))).toEqual([])
    }
  })

  test('between steps (simulated by a throw at each) keeps the triggers that were due', {
    timeout: 60_000,
  }, async () => {
    const trigger = { name: 'reload', paths: ['/etc/**'], run: ['/bin/true'], when: 'after', timeout: 5 } as const
    const first = await world.image({ 'etc/a': '1', 'usr/x': '1' }, { triggers: [trigger] })
    await world.publish(1, first)
    await world.enrol()
    expect((await world.run()).report?.triggers).toEqual([])
    const next = await world.image({ 'etc/a': '2', 'usr/x': '2' }, { triggers: [trigger] })
    await world.publish(2, next)
    // As a kill after the last rename leaves it: the root is at the image, the journal still there.
    writeFileSync(join(world.root, 'etc/a'), '2')
    writeFileSync(
      join(world.state, 'journal.json'),
      JSON.stringify({ from: first.image, to: next.image, before: [], after: ['reload'] }),
    )
    const outcome = await world.run()
    expect(outcome.report?.triggers.map(({ name }) => name)).toEqual(['reload'])
    expect((await world.run({ verify: true })).report).toBeUndefined()
  })

  test('two runs at a time are refused, a dead one’s lock is not', async () => {
    await world.publish(1, await world.image(sketch(7, 3)))
    await world.enrol()
    const lock = join(world.state, 'lock')
    writeFileSync(lock, `${process.ppid} ${startOf(process.ppid)}`)
    await expect(world.run()).rejects.toMatchObject({ code: 'AGENT_BUSY' })
    writeFileSync(lock, `${process.pid} 1`)
    expect((await world.run()).outcome).toBe('converged')
  })

  test('what a person asks for waits for a run at work', async () => {
    await world.publish(1, await world.image(sketch(7, 3)))
    await world.enrol()
    await world.run()
    const lock = join(world.state, 'lock')
    writeFileSync(lock, `${process.ppid} ${startOf(process.ppid)}`)
    let ended = false
    const looked = verifyRoot({ state: world.state, now: () => Date.now() }).finally(() => (ended = true))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(ended).toBe(false)
    rmSync(lock)
    expect((await looked).differences).toEqual([])
  })

  test('a lock that a disk kept a run from removing does not keep the same process from the next one', async () => {
    await world.publish(1, await world.image(sketch(7, 3)))
    await world.enrol()
    const lock = join(world.state, 'lock')
    const holds = `${process.pid} ${startOf(process.pid)}`
    {
      using _held = lockState(world.state)
      expect(readFileSync(lock, 'utf8')).toBe(holds)
      await expect(world.run()).rejects.toMatchObject({ code: 'AGENT_BUSY' })
    }
    writeFileSync(lock, holds)
    expect((await world.run()).outcome).toBe('converged')
  })
})

function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

describe('damaged state', () => {
  test('of every file but config and key is survived', async () => {
    const target = await world.image(sketch(8, 10))
    await world.publish(1, target)
    await world.enrol()
    await world.run()
    for (const name of ['state.json', 'stat-cache', 'journal.json', 'inventory.json'])
      writeFileSync(join(world.state, name), 'rot')
    for (const name of readdirSync(join(world.state, 'kept'))) writeFileSync(join(world.state, 'kept', name), 'rot')
    writeFileSync(join(world.root, 'usr/lib/big.so'), 'rot')
    expect((await world.run()).error).toBeUndefined()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
  })

  test('of the configuration is one clear error', async () => {
    await world.enrol()
    writeFileSync(join(world.state, 'config.json'), '{}')
    await expect(world.run()).rejects.toMatchObject({ code: 'AGENT_STATE_MALFORMED' })
    rmSync(join(world.state, 'config.json'))
    await expect(world.run()).rejects.toMatchObject({ code: 'AGENT_NOT_ENROLLED' })
  })
})

const canMount = isRoot && tryMount()

function tryMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!canMount)('a full disk (needs root and mounts)', () => {
  const mount = (path: string, options: string) => {
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path])
  }

  test('of the state: one error before anything is fetched, the root as it was; more room and it converges', async () => {
    mount(world.state, 'size=3m')
    try {
      const target = await world.image(sketch(9, 20))
      await world.publish(1, target)
      await world.enrol()
      expect((await world.run()).error?.code).toBe('DISK_FULL')
      expect(readdirSync(world.root)).toEqual([])
      execFileSync('mount', ['-o', 'remount,size=30m', world.state])
      expect((await world.run()).outcome).toBe('converged')
      // State and root are on two file systems here: files are copied in.
      expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
    } finally {
      execFileSync('umount', [world.state])
    }
  })

  test('of the root: one error, nothing half-written, and the next run ends in the image', async () => {
    mount(world.root, 'size=4m')
    try {
      const target = await world.image(sketch(11, 20))
      await world.publish(1, target)
      await world.enrol()
      const outcome = await world.run()
      expect(outcome.error?.code).toBe('DISK_FULL')
      expect(outcome.error?.hint).toContain('free some space')
      expect(execFileSync('find', [world.root, '-name', '.holotype-*']).toString()).toBe('')
      execFileSync('mount', ['-o', 'remount,size=30m', world.root])
      expect((await world.run()).outcome).toBe('converged')
      expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
    } finally {
      execFileSync('umount', [world.root])
    }
  })

  test('another file system mounted below the root is left alone', async () => {
    const first = await world.image({ 'etc/a': '1', 'mnt/x': '1', 'usr/y': '1' })
    await world.publish(1, first)
    await world.enrol()
    await world.run()
    mount(join(world.root, 'mnt'), 'size=1m')
    mount(join(world.root, 'extra/deep'), 'size=1m')
    try {
      writeFileSync(join(world.root, 'mnt/mine'), 'mine')
      writeFileSync(join(world.root, 'extra/deep/mine'), 'mine')
      const outcome = await world.run({ verify: true })
      expect(outcome.error).toBeUndefined()
      expect(readFileSync(join(world.root, 'mnt/mine'), 'utf8')).toBe('mine')
      expect(readFileSync(join(world.root, 'extra/deep/mine'), 'utf8')).toBe('mine')
    } finally {
      execFileSync('umount', [join(world.root, 'mnt')])
      execFileSync('umount', [join(world.root, 'extra/deep')])
    }
    await wait(0)
    await world.run({ verify: true })
    expect(statSync(join(world.root, 'extra'), { throwIfNoEntry: false })).toBeUndefined()
  })
})
