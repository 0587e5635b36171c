import { getPriority, setPriority } from 'node:os'
import type { ThrottleSettings } from '@holotype/image'
import { NICE_AFTER_BYTES, NICENESS } from '../limits.ts'
import { linuxMachine } from './linux.ts'
import { mergeThrottles } from './settings.ts'
import { type Passing, Throttle } from './throttle.ts'

/*
 * The throttle is this process's, as its memory is (`src/memory.ts`): what is to be spared is the machine, and the folder that is locked for
 * a run lets only one run of a node move bytes.
 */

interface Started {
  readonly throttle: Throttle
  readonly own: ThrottleSettings
  /** The niceness that this process was started with. */
  readonly niceness: number
  /** Bytes that passed so far: a run that is over in a moment is not worth being nice. */
  passed: number
}

let current: Started | undefined
let rested = 0

/**
 * From here to its disposal everything that moves bytes is throttled; when many have passed this process is nice too.
 * @param folders on the file systems that are written to
 * @param own what the node's own configuration says, which goes before what images say
 */
export function startThrottle(folders: readonly string[], own: ThrottleSettings): Disposable {
  current = { throttle: new Throttle(own, linuxMachine(folders)), own, niceness: getPriority(), passed: 0 }
  return {
    [Symbol.dispose]() {
      if (current) beNice(current.niceness)
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
  if (isNice(current) && current.passed - bytes < NICE_AFTER_BYTES) beNice(NICENESS)
  rested += current.throttle.pass(how, bytes)
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
  if (paused) beNice(paused.niceness)
  return {
    [Symbol.dispose]() {
      current = paused
      if (paused && isNice(paused)) beNice(NICENESS)
    },
  }
}

function isNice({ passed, niceness }: Started): boolean {
  return passed >= NICE_AFTER_BYTES && niceness < NICENESS
}

/** Of this thread, which moves the bytes; threads that are started later have it too. */
function beNice(niceness: number): void {
  try {
    setPriority(0, niceness)
  } catch {
    // Who is not root cannot take it back.
  }
}
