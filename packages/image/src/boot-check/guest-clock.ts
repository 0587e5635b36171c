import { readdirSync, readFileSync } from 'node:fs'

/** Nanoseconds that each thread of a guest has waited for a processor, by its number. */
export type Waits = ReadonlyMap<string, number>

const NS_PER_MS = 1e6

/**
 * Reads them from the kernel, of a process and of all below it. Empty where it does not count them, or the process is gone. Source: proc(5),
 * Documentation/scheduler/sched-stats.
 */
export function waitsOf(pid: number): Waits {
  const waits = new Map<string, number>()
  const processes = [String(pid)]
  // What is pushed is gone through as well.
  for (const process of processes) {
    const place = `/proc/${process}/task`
    for (const thread of listed(place)) {
      const [, waited] = text(`${place}/${thread}/schedstat`).split(' ')
      if (waited !== undefined) waits.set(thread, Number(waited))
      processes.push(...text(`${place}/${thread}/children`).split(' ').filter(Boolean))
    }
  }
  return waits
}

function listed(place: string): string[] {
  try {
    return readdirSync(place)
  } catch {
    return []
  }
}

/** A thread may end between its listing and its reading. */
function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** The kernel tells of a wait when it is over: over shorter times than this one, what is read would lag behind too far. */
const LEAST_MS = 1000

/**
 * A clock for the limits of a guest: it stands while the guest's process wants a processor that others have, so that a limit is no sooner
 * reached on a busy machine. A guest that rests, hangs or computes for ever lets it run. To be asked again and again; it gives milliseconds
 * since its start, from milliseconds of `now` and from what `waits` reads.
 */
export function guestClock(now: () => number, waits: () => Waits): () => number {
  let [at, seen, total] = [now(), waits(), 0]
  return () => {
    const next = now()
    if (next - at < LEAST_MS) return total
    const found = waits()
    // Threads wait side by side: the one that waited longest tells for how long the guest was held up.
    const held = Math.max(0, ...[...found].map(([thread, waited]) => waited - (seen.get(thread) ?? 0)))
    total += Math.max(0, next - at - held / NS_PER_MS)
    ;[at, seen] = [next, found]
    return total
  }
}
