import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { guestClock, waitsOf } from './guest-clock.ts'

const SECOND = 1e9

/** A clock that is set by hand, of a process whose threads wait as told: seconds that have passed, and that each has waited in all. */
function byHand() {
  let [seconds, waits] = [0, [0, 0]]
  const clock = guestClock(
    () => seconds * 1000,
    () => new Map(waits.map((waited, thread) => [String(thread), waited * SECOND])),
  )
  return (at: number, ...waited: number[]) => {
    ;[seconds, waits] = [at, waited]
    return clock() / 1000
  }
}

test('a guest that rests, or has the processors it wants, is limited by time', () => {
  const at = byHand()
  expect([at(10, 0, 0), at(20, 0, 0)]).toEqual([10, 20])
})

test('what a guest waits for a processor is not counted, and once where its threads wait side by side', () => {
  const at = byHand()
  expect(at(10, 9, 8)).toBe(1)
  // The first waited no more, the second for five seconds, and a new one for six.
  expect(at(20, 9, 13, 6)).toBe(5)
  expect(at(30, 9, 13, 6)).toBe(15)
})

test('a wait that the kernel tells of too late turns no clock back, and moments are put together to whole seconds', () => {
  const at = byHand()
  expect(at(2, 5, 0)).toBe(0)
  expect([at(2.5, 5, 0), at(2.9, 5, 0), at(3, 5, 0)]).toEqual([0, 0, 1])
})

test.skipIf(!existsSync('/proc/self/schedstat'))(
  'the waits of a process that others hold up are read from the kernel, with those of what it started, and none of one that is gone',
  async () => {
    // Two that compute, one of them below a shell that rests, and one processor for both.
    const loop = ['taskset', '-c', '0', process.execPath, '-e', 'for (;;);'] as const
    const loops = [
      spawn('setpriv', ['--', ...loop]),
      spawn('sh', ['-c', 'setpriv --pdeathsig KILL -- "$@" & wait', 'sh', ...loop]),
    ]
    try {
      await sleep(3000)
      for (const { pid = 0 } of loops) expect(Math.max(...waitsOf(pid).values())).toBeGreaterThan(SECOND / 2)
    } finally {
      for (const loop of loops) {
        const exited = once(loop, 'exit')
        loop.kill('SIGKILL')
        await exited
      }
    }
    expect(waitsOf(loops[0]?.pid ?? 0).size).toBe(0)
  },
)
