import type { Digest } from '@holotype/base'
import { type AgentConfig, readConfig } from './config.ts'
import { type Held, readHeld, readRefused, type Refused } from './held.ts'
import { type Override, overridesOrNone } from './overrides.ts'
import { queued } from './report/queue.ts'
import { byQuality, nameOf, openMirrors } from './site/mirrors.ts'
import { lockHolder } from './state/lock.ts'
import { readJournal, readNodeState } from './state/node-state.ts'
import { findRoots, nodeOf, type Roots, startsNext, wholeImage } from './two-roots/roots.ts'

/** What a node knows of itself, without asking anybody. */
export interface AgentStatus {
  readonly config: AgentConfig
  readonly image: Digest | null
  readonly statement: number
  /** Of a node with two roots: which they are. */
  readonly roots?: readonly RootStatus[]
  /** The image the root was at before; `rollback` goes there. */
  readonly previous: Digest | null
  readonly held: Held | null
  /** An image that the node went back from. */
  readonly refused: Refused | null
  /** What the node's overrides keep; none where the file is malformed, which the next run tells. */
  readonly overrides: readonly Override[]
  /** Reports that wait for the server. */
  readonly queued: number
  /** The best first. */
  readonly mirrors: readonly MirrorStatus[]
  /** A sync was interrupted, or one is at work: the root may be between two images. */
  readonly between: boolean
  /** Process id of the run at work now. */
  readonly running: number | null
}

/** What a node has seen of a mirror. */
export interface MirrorStatus {
  /** Its address without the scheme. */
  readonly mirror: string
  /** Milliseconds from a request to the head of its answer; null: not known. */
  readonly firstByteMs: number | null
  /** Null: not measured within the last hour. */
  readonly bytesPerSecond: number | null
  /** It failed lately: the others are asked before it. */
  readonly resting: boolean
}

/** One of two roots. */
export interface RootStatus {
  readonly directory: string
  /** Null: it is at no image, or was being written when somebody was killed. */
  readonly image: Digest | null
  readonly runs: boolean
  readonly startsNext: boolean
}

/** @throws AGENT_NOT_ENROLLED, AGENT_STATE_MALFORMED */
export function readStatus(state: string): AgentStatus {
  const config = readConfig(state)
  const { roots } = config
  const two = roots && findRoots(state, { ...config, roots })
  const { image, statement, previous } = two ? nodeOf(two) : readNodeState(state)
  const next = roots && startsNext(roots)
  return {
    config,
    ...(two ? { roots: statusOf(two, next) } : {}),
    image,
    statement,
    previous,
    held: readHeld(state) ?? null,
    refused: readRefused(state) ?? null,
    overrides: overridesOrNone(state).kept,
    queued: queued(state).length,
    mirrors: byQuality(openMirrors(config.sites, { state })).map((mirror) => ({
      mirror: nameOf(mirror),
      firstByteMs: mirror.firstByteMs() || null,
      bytesPerSecond: mirror.rate() ?? null,
      resting: mirror.isResting(),
    })),
    between: readJournal(two?.running?.state ?? state) !== undefined,
    running: lockHolder(state) ?? null,
  }
}

function statusOf({ running, other }: Roots, next: string | undefined): RootStatus[] {
  const roots = [running, other].filter((root) => root !== undefined)
  return roots.map((root) => ({
    directory: root.name,
    image: wholeImage(root),
    runs: root === running,
    startsNext: root.name === next,
  }))
}
