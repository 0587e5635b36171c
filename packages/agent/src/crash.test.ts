import { execFileSync } from 'node:child_process'
import { lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVERY_KIND, everyKind, harmEveryKind } from './testing/every-kind.ts'
import { judge, wrongBetween } from './testing/interrupted.ts'
import { type Call, callsOf, type Ended, inject, runAgent } from './testing/strace.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { isRoot, makeWorld, type World } from './testing/world.ts'

/*
 * Invariant 3: kill the agent at any system call, let any of them fail, and the next run ends in the image. Every call of the run that
 * changes something is told by strace and then, one after the other, is the last one. CRASH=all takes them all: `make crash`.
 */

const lacking = ['strace', 'setfattr', 'getfattr'].filter((program) => !has(program))
const reason = !isRoot
  ? ' (skipped, because it needs root)'
  : lacking.length > 0
    ? ` (skipped, because there is no ${lacking.join(', ')})`
    : ''
const all = process.env.CRASH === 'all'

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const excluded = (path: string) => path.startsWith('/keep/') || path === '/etc/machine-id'
/** Directories in which something excluded lies keep a time of their own. */
const ownTime = /^\.\/(etc|keep|etc\/machine-id) |^\.\/keep\//

describe.skipIf(reason !== '')(`a run cut short${reason}`, () => {
  let world: World
  let calls: readonly Call[]
  let before: readonly string[]
  let after: readonly string[]
  let judged: readonly string[]
  let kept: unknown

  beforeAll(async () => {
    world = await makeWorld('/dev/shm')
    const first = await world.image(everyKind(world.store, 0), EVERY_KIND)
    const next = await world.image(everyKind(world.store, 1), EVERY_KIND)
    await world.publish(1, first)
    await world.enrol()
    // By the program itself, so that it has its sources compiled and the run that is cut is about the root.
    expect((await runAgent(world.state)).code).toBe(0)
    harmEveryKind(world.root)
    await world.publish(2, next)
    save()
    before = describe_()
    kept = untouched()
    calls = await callsOf(world.state, world.directory, join(world.directory, 'log'))
    after = describeImage(world.store, next.image).filter((line) => !excluded(line.split(' ')[0] ?? ''))
    expect(describeRoot(world.root, excluded).map(timeless)).toEqual(after.map(timeless))
    expect((await world.run({ verify: true })).report).toBeUndefined()
    judged = judge(world.root, ownTime)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const timeless = (line: string) => (/^\/(keep|etc) dir /.test(line) ? line.replace(/ [0-9]+$/, '') : line)
  const describe_ = () => describeRoot(world.root, (path) => excluded(path) || path === '/more')

  function copy(from: string, to: string): void {
    for (const part of ['root', 'state']) {
      rmSync(join(to, part), { recursive: true, force: true })
      execFileSync('cp', ['--archive', join(from, part), join(to, part)])
    }
  }
  const save = () => {
    execFileSync('mkdir', [join(world.directory, 'saved')])
    copy(world.directory, join(world.directory, 'saved'))
  }
  const restore = () => copy(join(world.directory, 'saved'), world.directory)

  function untouched(): unknown {
    return ['keep/deep/mine', 'keep/link', 'etc/machine-id'].map((path) => {
      const { mode, uid, mtimeMs, size } = lstatSync(join(world.root, path))
      return { path, mode, uid, mtimeMs, size }
    })
  }

  /** A sample of the calls, or all of them. */
  const some = (count: number): readonly Call[] =>
    all ? calls : (fc.sample(fc.shuffledSubarray([...calls], { minLength: count, maxLength: count }), 1)[0] ?? [])

  async function cutAndMend(call: Call, what: string): Promise<Ended> {
    restore()
    const ended = await inject(world.state, call, what)
    expect(wrongBetween(before, after, describe_()), `${what} at ${call.line}`).toEqual([])
    expect(untouched()).toEqual(kept)
    const outcome = await world.run()
    expect(outcome.error, `after ${what} at ${call.line}`).toBeUndefined()
    expect(judge(world.root, ownTime), `after ${what} at ${call.line}`).toEqual(judged)
    expect(untouched()).toEqual(kept)
    return ended
  }

  test('by a kill at a system call leaves every path old or new, and the next run ends in the image', {
    timeout: 3_600_000,
  }, async () => {
    expect(calls.length).toBeGreaterThan(200)
    let killed = 0
    const sample = some(60)
    for (const call of sample) if ((await cutAndMend(call, 'signal=KILL')).signal === 'SIGKILL') killed++
    // The number of a call of the kind `write` may move by what the network brings.
    expect(killed).toBeGreaterThan(sample.length * 0.9)
  })

  test.each(['ENOSPC', 'EIO', 'EROFS'])(
    'by %s from a system call ends in an error that says so, and the next run ends in the image',
    {
      timeout: 3_600_000,
    },
    async (errno) => {
      let failed = 0
      const bad: string[] = []
      const sample = some(8)
      for (const call of sample) {
        const { code, output } = await cutAndMend(call, `error=${errno}`)
        if (code === 0) continue
        failed++
        const { error } = errorOf(output)
        if (!CODES[errno]?.includes(error)) bad.push(`${call.line}: ${error} ${output.slice(-600)}`)
      }
      expect(bad).toEqual([])
      // What fails where nothing hangs on it (a temporary file that is not removed) is no error.
    expect(failed).toBeGreaterThan(sample.length / 2)
    },
  )
})

const CODES: Readonly<Record<string, readonly string[]>> = {
  ENOSPC: ['DISK_FULL'],
  EIO: ['AGENT_IO'],
  EROFS: ['AGENT_NOT_PERMITTED'],
}

/** The code of the error that the program told last. */
function errorOf(output: string): { readonly error: string } {
  return { error: /.*"error":\{"code":"([A-Z_]+)"/s.exec(output)?.[1] ?? 'none' }
}
