import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLUSH_BYTES, LEAST_SHARE } from '../limits.ts'
import { tokenBucket } from './bucket.ts'
import { linuxMachine, pressureIn } from './linux.ts'
import { mergeThrottles, pressureLimits, throttleFrom } from './settings.ts'
import { nextShare, type PerResource, stallsOfOthers } from './share.ts'
import { type Machine, type Passing, Throttle } from './throttle.ts'

const MIB = 1024 * 1024
const NONE = { cpu: 0, io: 0, memory: 0 }
const LIMITS = { cpu: 10, io: 10, memory: 10 }

describe('the share to work in', () => {
  test.each([
    ['nobody stands still', 0.5, NONE, 0.55],
    ['it is never more than all', 0.98, NONE, 1],
    ['a limit may be reached', 0.5, { ...NONE, cpu: 10 }, 0.55],
    ['more is too much: processor', 1, { ...NONE, cpu: 10.1 }, 0.5],
    ['disk', 0.8, { ...NONE, io: 90 }, 0.4],
    ['memory', 0.4, { ...NONE, memory: 11 }, 0.2],
    ['a run must end', 0.15, { cpu: 100, io: 100, memory: 100 }, LEAST_SHARE],
  ])('%s', (_, share, others, next) => expect(nextShare(share, others, LIMITS)).toBeCloseTo(next, 10))

  test('100 % never slows down', () => {
    const all = { cpu: 100, io: 100, memory: 100 }
    expect(nextShare(1, all, all)).toBe(1)
  })
})

test('what we waited for ourselves is not what others did', () => {
  const stretch = { elapsed: 200, stalled: { cpu: 80, io: 150, memory: 4 }, own: { cpu: 60, io: 160, memory: 0 } }
  expect(stallsOfOthers(stretch)).toEqual({ cpu: 10, io: 0, memory: 2 })
  expect(stallsOfOthers({ ...stretch, elapsed: 0 })).toEqual(NONE)
})

test('a bucket holds its rate over any pieces and pauses, but for what it saves up', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: MIB, max: 1024 * MIB }),
      fc.array(fc.record({ bytes: fc.nat(4 * MIB), pause: fc.nat(50) }), { minLength: 1, maxLength: 200 }),
      (rate, pieces) => {
        const bucket = tokenBucket(rate)
        let [now, bytes] = [0, 0]
        for (const piece of pieces) {
          now += piece.pause
          bytes += piece.bytes
          now += bucket.take(piece.bytes, now)
          expect(bytes).toBeLessThanOrEqual((rate * (now + 100)) / 1000 + 1)
        }
      },
    ),
  )
})

/** A machine of one processor whose neighbours stand still as told; work on it takes the time that it is given. */
function fakeMachine(stallOf: (working: boolean) => Partial<PerResource> = () => ({})) {
  let [now, ran, waited, slept, flushes] = [0, 0, 0, 0, 0]
  const stalled = { cpu: 0, io: 0, memory: 0 }
  const advance = (milliseconds: number, working: boolean) => {
    now += milliseconds
    const { cpu = 0, io = 0, memory = 0 } = stallOf(working)
    stalled.cpu += cpu * milliseconds
    stalled.io += io * milliseconds
    stalled.memory += memory * milliseconds
  }
  return {
    now: () => now,
    thread: () => ({ ran, waited }),
    stalled: () => ({ ...stalled }),
    lately: (): PerResource | undefined => NONE,
    flush: () => void flushes++,
    sleep(milliseconds: number) {
      slept += milliseconds
      advance(milliseconds, false)
    },
    slept: () => slept,
    flushes: () => flushes,
    /** Runs, waits for the processor, waits for something else, in milliseconds each. */
    work(took: { readonly run?: number; readonly wait?: number; readonly idle?: number }) {
      const { run = 0, wait = 0, idle = 0 } = took
      ran += run
      waited += wait
      stalled.cpu += wait
      advance(run + wait + idle, true)
    },
  } satisfies Machine & Record<string, unknown>
}

type Fake = ReturnType<typeof fakeMachine>

/** Passes pieces of a MiB, each a millisecond's work, and gives the MiB a second that came of it. */
function speedOf(throttle: Throttle, machine: Fake, pieces: number, how: Passing = 'written'): number {
  const start = machine.now()
  for (let piece = 0; piece < pieces; piece++) {
    machine.work({ run: 1 })
    throttle.pass(how, MIB)
  }
  return (pieces * 1000) / (machine.now() - start)
}

describe('a throttle', () => {
  test.each([5, 20, 100])('holds a rate of %i MiB/s within a tenth, of each kind by itself', (rate) => {
    for (const how of ['fetched', 'read', 'written'] as const) {
      const machine = fakeMachine()
      const throttle = new Throttle(how === 'fetched' ? { network: rate * MIB } : { disk: rate * MIB }, machine)
      const speed = speedOf(throttle, machine, rate * 10, how)
      expect(Math.abs(speed - rate) / rate).toBeLessThan(0.1)
    }
  })

  test('rests nothing on a machine where nobody stands still', () => {
    const machine = fakeMachine()
    expect(speedOf(new Throttle({}, machine), machine, 5000)).toBe(1000)
    expect(machine.slept()).toBe(0)
  })

  test('backs off to a tenth while others stand still, and comes back', () => {
    let suffering = { cpu: 0.3 }
    const machine = fakeMachine(() => suffering)
    const throttle = new Throttle({}, machine)
    speedOf(throttle, machine, 1000)
    expect(throttle.share).toBe(LEAST_SHARE)
    expect(speedOf(throttle, machine, 1000) / (1000 * LEAST_SHARE)).toBeCloseTo(1, 1)
    suffering = { cpu: 0.02 }
    speedOf(throttle, machine, 2000)
    expect(throttle.share).toBe(1)
    speedOf(throttle, machine, 200)
    expect(speedOf(throttle, machine, 1000)).toBe(1000)
  })

  test('comes to where others stand still as much as allowed, when they do so by our work alone', () => {
    const machine = fakeMachine((working) => ({ cpu: working ? 0.5 : 0 }))
    const throttle = new Throttle({}, machine)
    speedOf(throttle, machine, 2000)
    const start = { now: machine.now(), stalled: machine.stalled() }
    speedOf(throttle, machine, 20_000)
    const percent = ((machine.stalled().cpu - start.stalled.cpu) * 100) / (machine.now() - start.now)
    expect(percent).toBeGreaterThan(4)
    expect(percent).toBeLessThan(12)
  })

  test('does not back off from its own waiting for a processor or the disk', () => {
    const machine = fakeMachine((working) => ({ io: working ? 0.5 : 0 }))
    const throttle = new Throttle({}, machine)
    for (let piece = 0; piece < 2000; piece++) {
      machine.work({ run: 0.02, wait: 4, idle: 5 })
      throttle.pass('read', MIB)
    }
    expect(throttle.share).toBe(1)
  })

  test('does not rest for the time that the network took', () => {
    const machine = fakeMachine(() => ({ io: 1 }))
    const throttle = new Throttle({}, machine)
    for (let piece = 0; piece < 100; piece++) {
      machine.work({ run: 1, idle: 50 })
      throttle.pass('fetched', MIB)
    }
    expect(throttle.share).toBe(LEAST_SHARE)
    const slept = machine.slept()
    for (let piece = 0; piece < 100; piece++) {
      machine.work({ run: 1, idle: 50 })
      throttle.pass('fetched', MIB)
    }
    expect(machine.slept() - slept).toBeCloseTo(100 * (1 / LEAST_SHARE - 1), 0)
  })

  test('rests for a long piece in several, so that others of this process get their turn', () => {
    const machine = fakeMachine(() => ({ cpu: 1 }))
    const throttle = new Throttle({}, machine)
    speedOf(throttle, machine, 1000)
    machine.work({ run: 1000 })
    const before = machine.slept()
    throttle.pass('read', 1)
    expect(machine.slept() - before).toBeLessThanOrEqual(500)
    for (let piece = 0; piece < 20; piece++) {
      machine.work({ run: 5 })
      throttle.pass('read', 1)
    }
    expect(machine.slept() - before).toBeGreaterThan(8900)
  })

  test('begins slowly where others stand still already, and at all speed where the kernel does not say', () => {
    const machine = fakeMachine()
    expect(new Throttle({}, { ...machine, lately: () => ({ ...NONE, io: 40 }) }).share).toBe(LEAST_SHARE)
    const blind = new Throttle({}, { ...machine, lately: () => undefined, stalled: () => undefined })
    expect(blind.share).toBe(1)
    expect(speedOf(blind, machine, 1000)).toBe(1000)
  })

  test('brings what was written to the disk in small portions', () => {
    const machine = fakeMachine()
    const throttle = new Throttle({}, machine)
    speedOf(throttle, machine, (10 * FLUSH_BYTES) / MIB)
    expect(machine.flushes()).toBe(10)
    speedOf(throttle, machine, 1000, 'read')
    expect(machine.flushes()).toBe(10)
  })

  test('remembers that a portion did not get there', () => {
    const machine = fakeMachine()
    let left = 2
    const flush = () => {
      if (--left === 0) throw new Error('EIO')
    }
    const throttle = new Throttle({}, { ...machine, flush })
    speedOf(throttle, machine, FLUSH_BYTES / MIB)
    throttle.check()
    speedOf(throttle, machine, (5 * FLUSH_BYTES) / MIB)
    expect(() => throttle.check()).toThrow('EIO')
  })
})

describe('settings', () => {
  test('of the node go before those of its image, each by itself', () => {
    const image = throttleFrom({ network: 8 * MIB, disk: 9 * MIB, pressure: { cpu: 5, io: 6 } })
    const own = throttleFrom({ disk: 2 * MIB, pressure: { io: 100 } })
    const merged = mergeThrottles(image, own)
    expect(merged).toEqual({ network: 8 * MIB, disk: 2 * MIB, pressure: { cpu: 5, io: 100 } })
    expect(pressureLimits(merged)).toEqual({ cpu: 5, io: 100, memory: 10 })
  })

  test.each([
    [{ network: 1 }, 'throttle.network is no whole number'],
    [{ disk: '20MiB/s' }, 'throttle.disk is no whole number'],
    [{ pressure: { cpu: 0 } }, 'throttle.pressure.cpu'],
    [{ pressure: { memory: 101 } }, 'throttle.pressure.memory'],
    [{ pressure: [] }, 'throttle.pressure is no object'],
    ['fast', 'throttle is no object'],
  ])('%j is refused', (value, message) => expect(() => throttleFrom(value)).toThrow(message))
})

const countsPressure = existsSync('/proc/pressure/cpu')

describe('this machine', () => {
  test('counts pressure in a file of this form', () => {
    const text = 'some avg10=12.50 avg60=0.00 avg300=0.00 total=1234\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=9\n'
    expect([pressureIn(text, 'avg10'), pressureIn(text, 'total')]).toEqual([12.5, 1234])
    expect(() => pressureIn('full avg10=1.00', 'avg10')).toThrow('no avg10')
  })

  test('sleeps, and tells what this thread did', () => {
    const machine = linuxMachine(['/'])
    const [start, before] = [machine.now(), machine.thread()]
    machine.sleep(30)
    expect(machine.now() - start).toBeGreaterThanOrEqual(29)
    const asleep = machine.thread()
    expect(asleep.ran - before.ran).toBeLessThan(15)
    while (machine.thread().ran - asleep.ran < 20);
    expect(machine.now() - start).toBeGreaterThanOrEqual(49)
  })

  test.skipIf(!countsPressure)('has pressure that only grows (skipped where the kernel counts none)', () => {
    const machine = linuxMachine(['/'])
    const before = machine.stalled()
    machine.sleep(20)
    const after = machine.stalled()
    for (const name of ['cpu', 'io', 'memory'] as const)
      expect(after?.[name]).toBeGreaterThanOrEqual(before?.[name] ?? 0)
    expect(machine.lately()?.cpu).toBeLessThanOrEqual(100)
  })
})
