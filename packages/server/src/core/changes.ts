import type { Topic } from '../api.ts'
import { EVENT_INTERVAL_MS } from '../limits.ts'

type Listener = (topics: readonly Topic[]) => void

/**
 * Who changes something announces it; who listens hears of it at most once per interval, with all topics since. Nothing is polled and
 * nothing runs while nobody listens.
 */
export interface Changes {
  announce(...topics: readonly Topic[]): void
  /** Grows with every announcement. */
  version(): number
  /** Returns the function that ends listening. */
  listen(listener: Listener): () => void
  listeners(): number
}

export function makeChanges(intervalMs = EVENT_INTERVAL_MS): Changes {
  const listeners = new Set<Listener>()
  const waiting = new Set<Topic>()
  let version = 0
  let lastTick = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const tick = () => {
    timer = undefined
    lastTick = performance.now()
    const topics = [...waiting].sort()
    waiting.clear()
    for (const listener of listeners) listener(topics)
  }
  return {
    announce: (...topics) => {
      version++
      if (listeners.size === 0) return
      for (const topic of topics) waiting.add(topic)
      timer ??= setTimeout(tick, Math.max(0, lastTick + intervalMs - performance.now()))
    },
    version: () => version,
    listen: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearTimeout(timer)
        timer = undefined
        waiting.clear()
      }
    },
    listeners: () => listeners.size,
  }
}
