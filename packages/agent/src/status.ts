import type { Digest } from '@holotype/base'
import { type AgentConfig, readConfig } from './config.ts'
import { type Held, readHeld, readRefused, type Refused } from './held.ts'
import { queued } from './report/queue.ts'
import { lockHolder } from './state/lock.ts'
import { readJournal, readNodeState } from './state/node-state.ts'

/** What a node knows of itself, without asking anybody. */
export interface AgentStatus {
  readonly config: AgentConfig
  readonly image: Digest | null
  readonly statement: number
  /** The image the root was at before; `rollback` goes there. */
  readonly previous: Digest | null
  readonly held: Held | null
  /** An image that the node went back from. */
  readonly refused: Refused | null
  /** Reports that wait for the server. */
  readonly queued: number
  /** A sync was interrupted, or one is at work: the root may be between two images. */
  readonly between: boolean
  /** Process id of the run at work now. */
  readonly running: number | null
}

/** @throws AGENT_NOT_ENROLLED, AGENT_STATE_MALFORMED */
export function readStatus(state: string): AgentStatus {
  const config = readConfig(state)
  const { image, statement, previous } = readNodeState(state)
  return {
    config,
    image,
    statement,
    previous,
    held: readHeld(state) ?? null,
    refused: readRefused(state) ?? null,
    queued: queued(state).length,
    between: readJournal(state) !== undefined,
    running: lockHolder(state) ?? null,
  }
}
