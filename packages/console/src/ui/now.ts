import { useSyncExternalStore } from 'react'

/** One clock for the page, so that all relative times move together. Slow enough to cost nothing. */
const TICK_MS = 5_000

let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present in milliseconds since 1970, at most TICK_MS old while the page draws nothing else. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

/** Moves the clock at once: called when data arrives, so that nothing is newer than "now". */
export function touchNow(): void {
  now = Date.now()
  for (const each of listeners) each()
}
