import type { QueryClient } from '@tanstack/react-query'
import { COALESCE_MS, POLL_MS, REOPEN_MS } from '../limits.ts'
import { topicsOf, touches } from './ticks.ts'

/** How the console learns of changes: told by the server, or asking. */
export interface LiveState {
  readonly mode: 'connecting' | 'live' | 'polling'
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface Live {
  readonly subscribe: (listener: () => void) => () => void
  readonly state: () => LiveState
  readonly stop: () => void
}

/**
 * Keeps the cache fresh. A tick of `/api/v1/events` makes the queries of its topics stale; ticks are gathered, and a new round begins only
 * when the last one has been answered, so a storm of ticks costs one fetch at a time. While the stream is down everything shown is asked for
 * again at intervals.
 */
export function startLive(client: QueryClient): Live {
  const listeners = new Set<() => void>()
  const pending = new Set<string>()
  let state: LiveState = { mode: 'connecting', since: Date.now() }
  let source: EventSource | undefined
  let flushing = false
  let stopped = false
  let reopen: ReturnType<typeof setTimeout> | undefined

  const turn = (mode: LiveState['mode']): void => {
    if (state.mode === mode) return
    state = { mode, since: Date.now() }
    for (const listener of listeners) listener()
  }

  const flush = async (): Promise<void> => {
    if (flushing) return
    flushing = true
    while (pending.size > 0 && !stopped) {
      await new Promise((resolve) => setTimeout(resolve, COALESCE_MS))
      const topics = new Set(pending)
      pending.clear()
      await client.invalidateQueries({ predicate: (query) => touches(topics, query.queryKey[0]) })
    }
    flushing = false
  }

  const stale = (topics: readonly string[] | undefined): void => {
    for (const topic of topics ?? ['*']) pending.add(topic)
    void flush()
  }

  const open = (): void => {
    source = new EventSource('/api/v1/events')
    const onTick = (event: MessageEvent): void => stale(topicsOf(String(event.data)))
    source.addEventListener('message', onTick)
    source.addEventListener('open', () => {
      // Ticks may have been missed while the stream was down, but not before the first fetch.
      if (state.mode === 'polling') stale(undefined)
      turn('live')
    })
    source.addEventListener('error', () => {
      turn('polling')
      // The browser tries again by itself after a broken connection, but not after an answer that is no stream.
      if (source?.readyState !== EventSource.CLOSED || stopped) return
      clearTimeout(reopen)
      reopen = setTimeout(open, REOPEN_MS)
    })
  }

  const poll = setInterval(() => {
    if (state.mode !== 'live' && document.visibilityState === 'visible') stale(undefined)
  }, POLL_MS)
  open()

  return {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    state: () => state,
    stop: () => {
      stopped = true
      clearInterval(poll)
      clearTimeout(reopen)
      source?.close()
    },
  }
}
