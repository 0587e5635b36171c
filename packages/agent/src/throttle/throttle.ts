import type { ThrottleSettings } from '@holotype/image'
import { FLUSH_BYTES, LEAST_SHARE, PRESSURE_MS, REST_MS, SLICE_MS } from '../limits.ts'
import { tokenBucket } from './bucket.ts'
import { pressureLimits } from './settings.ts'
import { nextShare, type PerResource, RESOURCES, stallsOfOthers } from './share.ts'

/** What becomes of bytes: they come from the network, or are read from or written to files. */
export type Passing = 'fetched' | 'read' | 'written'

/** What the throttle sees of the machine and does to it. */
export interface Machine {
  /** Milliseconds that only go forward. */
  now(): number
  sleep(milliseconds: number): void
  /** Milliseconds that this thread ran, and that it could have run and had no processor, since it began. */
  thread(): { readonly ran: number; readonly waited: number }
  /** Milliseconds since the boot in which some task stood still; undefined where the kernel does not count them. */
  stalled(): PerResource | undefined
  /** The share of the last ten seconds in which some task stood still, in percent; undefined likewise. */
  lately(): PerResource | undefined
  /** Brings what was written to the disk; throws when the disk does not take it. */
  flush(): void
}

/**
 * Lets the work of this process pass no faster than its settings and its neighbours allow. Whoever moves bytes says so when they are moved;
 * the answer may take a while. Works without timers and without other threads: it looks at the clock when bytes pass.
 */
export class Throttle {
  readonly #machine: Machine
  #limits: PerResource
  #network: ReturnType<typeof tokenBucket> | undefined
  #disk: ReturnType<typeof tokenBucket> | undefined
  #share = 1
  #unflushed = 0
  #failure: Error | undefined
  /** Milliseconds still to rest for work that was done. */
  #debt = 0
  /** When work was looked at last, and what this thread had done then. */
  #looked: { readonly now: number; readonly ran: number; readonly waited: number }
  /** Where the stretch began that the next decision is about. */
  #began: { readonly now: number; readonly stalled: PerResource | undefined }
  /** Milliseconds of that stretch in which this thread had no processor, and no disk. */
  #own = { cpu: 0, io: 0, memory: 0 }

  constructor(settings: ThrottleSettings, machine: Machine) {
    this.#machine = machine
    this.#limits = pressureLimits(settings)
    this.adopt(settings)
    this.#looked = { now: machine.now(), ...machine.thread() }
    this.#began = { now: this.#looked.now, stalled: machine.stalled() }
    const lately = machine.lately()
    // On a machine that suffers already the first second should not be one of full speed.
    if (lately && RESOURCES.some((name) => lately[name] > this.#limits[name])) this.#share = LEAST_SHARE
  }

  /** The share of time that it works in now: 1 is all of it. */
  get share(): number {
    return this.#share
  }

  adopt(settings: ThrottleSettings): void {
    this.#limits = pressureLimits(settings)
    this.#network = settings.network === undefined ? undefined : tokenBucket(settings.network)
    this.#disk = settings.disk === undefined ? undefined : tokenBucket(settings.disk)
  }

  /** Bytes have passed: takes as long as it must be waited before the next ones, and gives the milliseconds that it rested. */
  pass(how: Passing, bytes: number): number {
    const machine = this.#machine
    if (how === 'written' && (this.#unflushed += bytes) >= FLUSH_BYTES) {
      this.#unflushed = 0
      this.#flush()
    }
    const now = machine.now()
    const bucket = how === 'fetched' ? this.#network : this.#disk
    const wait = bucket?.take(bytes, now) ?? 0
    if (now - this.#looked.now < SLICE_MS && wait < SLICE_MS) return 0
    this.#work(how, now)
    // In pieces, so that what else this process has to do gets its turn.
    const rest = Math.max(wait, Math.min(REST_MS, this.#debt))
    if (rest >= 1) machine.sleep(rest)
    this.#looked = { now: machine.now(), ...machine.thread() }
    const slept = this.#looked.now - now
    this.#debt = Math.max(0, this.#debt - slept)
    return slept
  }

  /** Notes what was done since the last look, and how long to rest for it. */
  #work(how: Passing, now: number): void {
    const { ran, waited } = this.#machine.thread()
    const work = ran - this.#looked.ran
    const idle = Math.max(0, now - this.#looked.now - work - (waited - this.#looked.waited))
    // Before bytes come from the network it is that which was waited for; before others the disk.
    const disk = how === 'fetched' ? 0 : idle
    this.#own.cpu += waited - this.#looked.waited
    this.#own.io += disk
    if (now - this.#began.now >= PRESSURE_MS) this.#decide(now)
    this.#debt += (work + disk) * (1 / this.#share - 1)
  }

  #flush(): void {
    try {
      this.#machine.flush()
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  /**
   * Throws what a flush of a portion threw. The kernel tells of bytes that the disk did not take once (syncfs(2)): the flush that counts would not hear of
   * it again, and where bytes pass it might be taken for a file that cannot be read.
   */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  #decide(now: number): void {
    const { stalled: before, now: began } = this.#began
    const after = this.#machine.stalled()
    if (before && after) {
      const stalled = {
        cpu: after.cpu - before.cpu,
        io: after.io - before.io,
        memory: after.memory - before.memory,
      }
      const others = stallsOfOthers({ elapsed: now - began, stalled, own: this.#own })
      this.#share = nextShare(this.#share, others, this.#limits)
    }
    this.#began = { now, stalled: after }
    this.#own = { cpu: 0, io: 0, memory: 0 }
  }
}
