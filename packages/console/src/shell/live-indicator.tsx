import { use, useSyncExternalStore } from 'react'
import type { LiveState } from '../api/live.ts'
import { POLL_MS } from '../limits.ts'
import { utc } from '../lib/time.ts'
import { StatusWord, type Word } from '../ui/word.tsx'
import { LiveContext } from './live-context.ts'

const WORDS = {
  connecting: { shape: 'ring', tone: 'muted', word: 'Connecting' },
  live: { shape: 'disc', tone: 'good', word: 'Live' },
  polling: { shape: 'half', tone: 'warn', word: `Every ${POLL_MS / 1000} s` },
} as const satisfies Record<LiveState['mode'], Word>

const TITLES = {
  connecting: 'Opening the event stream',
  live: 'The server tells of each change',
  polling: 'The event stream is down; what is shown is asked for again at intervals',
} as const

const NOT_STARTED: LiveState = { mode: 'connecting', since: 0 }

/** Whether what one sees follows the server by itself. */
export function LiveIndicator() {
  const live = use(LiveContext)
  const state = useSyncExternalStore(
    (listener) => live?.subscribe(listener) ?? (() => {}),
    () => live?.state() ?? NOT_STARTED,
  )
  return (
    <span className="live" title={`${TITLES[state.mode]}, since ${utc(new Date(state.since).toISOString())}`}>
      <StatusWord of={WORDS[state.mode]} />
    </span>
  )
}
