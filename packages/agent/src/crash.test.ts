import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutRun, cutRunReason, prepareCutRun, someCalls } from './testing/cut-run.ts'
import { type Call, type Ended, inject } from './testing/strace.ts'

/*
 * Invariant 3: kill the agent at any system call, let any of them fail, and the next run ends in the image. Every call of the run that
 * changes something is told by strace, and then, one after the other, is the last one. CRASH=all takes them all (`make crash`),
 * CRASH=100 a hundred; without it, a few of every stretch of the run.
 */

const reason = cutRunReason(['strace', 'setfattr', 'getfattr'])
const timeout = 3_600_000
/** A machine at work may let its own loopback wait. */
const PATIENT = { idleMs: 20_000 }

/**
 * Calls that can fail by themselves. What is known of mirrors is a help and no more, and what is only cleared away may stay: these are among them when all
 * calls are asked for.
 */
function canFail({ name, line, path }: Call): boolean {
  if (name === 'write' && path === undefined) return false
  return process.env['CRASH'] === 'all' || !(/^(?:unlink|unlinkat|rmdir)$/.test(name) || line.includes('mirrors.json'))
}

/** Where a run only clears away, it tells as well what the disk refused. */
function clearing(calls: readonly Call[]): readonly Call[] {
  const told = [
    /^unlink\(.*\/state\/journal\.json"/,
    /^unlink\(.*\/state\/queue\//,
    /^unlink\(.*\/state\/staged\/[0-9a-f]+"/,
  ]
  return told.map((what) => {
    const call = calls.findLast(({ line }) => what.test(line))
    if (!call) throw new Error(`no call is like ${what.source}`)
    return call
  })
}

describe.skipIf(reason !== '')(`a run cut short${reason}`, () => {
  let run: CutRun
  beforeAll(async () => {
    run = await prepareCutRun()
  })
  afterAll(() => run[Symbol.asyncDispose]())

  async function cutAndMend(call: Call, what: string, onward = false): Promise<Ended> {
    run.restore()
    const ended = await inject(run.world.state, call, what, onward)
    expect(run.wrongOnTheWay(), `${what} at ${call.line}`).toEqual([])
    expect((await run.world.run(PATIENT)).error, `after ${what} at ${call.line}`).toBeUndefined()
    expect(run.wrongAtTheEnd(), `after ${what} at ${call.line}`).toEqual([])
    return ended
  }

  test('by a kill at a system call leaves every path old or new, and the next run ends in the image', {
    timeout,
  }, async () => {
    expect(run.calls.length).toBeGreaterThan(200)
    let killed = 0
    const sample = someCalls(run.calls, 15)
    for (const call of sample) if ((await cutAndMend(call, 'signal=KILL')).signal === 'SIGKILL') killed++
    expect(killed).toBeGreaterThan(sample.length * 0.9)
  })

  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EIO', 'AGENT_IO'],
    ['EROFS', 'AGENT_NOT_PERMITTED'],
  ])('by %s from a system call ends in %s, and the next run in the image', { timeout }, async (errno, code) => {
    let failed = 0
    const other: string[] = []
    const sample = [...someCalls(run.calls.filter(canFail), 3), ...clearing(run.calls)]
    for (const [index, call] of sample.entries()) {
      // A disk that fails once, and one that fails from then on.
      const ended = await cutAndMend(call, `error=${errno}`, index % 2 === 1)
      if (ended.code === 0) continue
      failed++
      if (!ended.output.trimEnd().split('\n').at(-1)?.startsWith(`{"error":{"code":"${code}"`))
        other.push(`${call.line}\n${ended.output.slice(-500)}`)
    }
    expect(other).toEqual([])
    // What fails where nothing hangs on it (a temporary file that is not removed) is no error.
    expect(failed).toBeGreaterThan(sample.length / 2)
  })
})
