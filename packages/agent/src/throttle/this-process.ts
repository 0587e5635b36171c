import type { ThrottleSettings } from '@holotype/image'
import { NICE_AFTER_BYTES, NICENESS } from '../limits.ts'
import { IdleWatch } from './idle-watch.ts'
import { linuxMachine } from './linux.ts'
import { currentNiceness, type Niceness, setIdle, setNiceness } from './niceness.ts'
import { mergeThrottles } from './settings.ts'
import { type Machine, type Passing, Throttle } from './throttle.ts'

/*
 * The throttle is this process's, as its memory is (`src/memory.ts`): what is to be spared is the machine, and the folder that is locked for
 * a run lets only one run of a node move bytes.
 */

interface Started {
  readonly throttle: Throttle
  readonly machine: Machine
  readonly own: ThrottleSettings
  /** What this process was started with. */
  readonly usual: Niceness
  /** Bytes that passed so far: a run that is over in a moment is not worth being nice. */
  passed: number
  /** While this process is nice. */
  watch: IdleWatch | undefined
}

let current: Started | undefined
let rested = 0

/**
 * From here to its disposal everything that moves bytes is throttled; when many have passed this process is nice too.
 * @param folders on the file systems that are written to
 * @param own what the node's own configuration says, which goes before what images say
 */
export function startThrottle(folders: readonly string[], own: ThrottleSettings): Disposable {
  const machine = linuxMachine(folders)
  current = {
    throttle: new Throttle(own, machine),
    machine,
    own,
    usual: currentNiceness(),
    passed: 0,
    watch: undefined,
  }
  return {
    [Symbol.dispose]() {
      if (current && isNice(current)) beUsual(current)
      current = undefined
    },
  }
}

/** The image that is worked on says how it is to be throttled. */
export function adoptThrottle(image: ThrottleSettings): void {
  current?.throttle.adopt(mergeThrottles(image, current.own))
}

/** Bytes have passed. Takes as long as it must be waited. */
export function pass(how: Passing, bytes: number): void {
  if (!current) return
  current.passed += bytes
  if (isNice(current) && current.passed - bytes < NICE_AFTER_BYTES) beNice(current)
  rested += current.throttle.pass(how, bytes)
  look(current)
}

/** @throws PROCESS_FAILED when a portion of what was written did not get to the disk */
export function checkPortions(): void {
  current?.throttle.check()
}

/** Milliseconds on a clock that stands still while the throttle does: by it a mirror is not slow because we rest. */
export function awake(): number {
  return performance.now() - rested
}

/**
 * From here to its disposal nothing is throttled: names of the root change, which should be over soon; programs of the image run; the node goes
 * back from an image that it is ill with.
 */
export function atFullSpeed(): Disposable {
  const paused = current
  current = undefined
  if (paused && isNice(paused)) beUsual(paused)
  return {
    [Symbol.dispose]() {
      current = paused
      if (paused && isNice(paused)) beNice(paused)
    },
  }
}

function isNice({ passed }: Started): boolean {
  return passed >= NICE_AFTER_BYTES
}

/** No less than it was told from outside. */
function beNice(started: Started): void {
  const { usual, machine } = started
  const atLeast = (niceness: number) => Math.max(niceness, NICENESS)
  setNiceness({
    process: atLeast(usual.process),
    session: usual.session === undefined ? undefined : atLeast(usual.session),
    idle: usual.idle === undefined ? undefined : true,
  })
  started.watch = usual.idle === undefined ? undefined : new IdleWatch(machine.now(), machine.thread())
}

function beUsual(started: Started): void {
  started.watch = undefined
  setNiceness(started.usual)
}

function look({ watch, machine }: Started): void {
  if (watch && machine.now() >= watch.next) setIdle(watch.look(machine.now(), machine.thread()))
}
