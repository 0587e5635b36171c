import { IDLE_LOOK_MS, IDLE_REST_MS, LEAST_SHARE } from '../limits.ts'

/** Milliseconds that a thread ran, and that it could have run and had no processor, since it began. */
interface ThreadTimes {
  readonly ran: number
  readonly waited: number
}

/**
 * Decides whether a run takes only what processors have left (SCHED_IDLE, sched(7)): as long as that is a tenth of what it could use. On a machine whose processors never rest
 * it would stand still, and with it whoever waits for a lock that it holds in the kernel: there it is nice for a while, and tries again.
 */
export class IdleWatch {
  #looked: ThreadTimes & { readonly now: number }
  #restUntil = 0

  constructor(now: number, times: ThreadTimes) {
    this.#looked = { now, ...times }
  }

  /** Milliseconds from which {@link look} may say something else. */
  get next(): number {
    return Math.max(this.#restUntil, this.#looked.now + IDLE_LOOK_MS)
  }

  /** Whether to be idle from now on. */
  look(now: number, times: ThreadTimes): boolean {
    const [ran, waited] = [times.ran - this.#looked.ran, times.waited - this.#looked.waited]
    const rested = this.#restUntil > 0 && now >= this.#restUntil
    this.#looked = { now, ...times }
    if (rested) this.#restUntil = 0
    else if (ran < LEAST_SHARE * (ran + waited)) this.#restUntil = now + IDLE_REST_MS
    return this.#restUntil === 0
  }
}
