import { type Digest, type HolotypeError, isErrorCode, type Progress, shortDigest, silent } from '@holotype/base'
import type { HealthChecks } from '@holotype/image'
import type { ChannelTarget } from '@holotype/trust'
import type { AgentConfig } from './config.ts'
import { fail } from './errors.ts'
import { asHolotypeError } from './explain.ts'
import { checkHealth } from './health/check-health.ts'
import { HEALTH_FAILURES_CHARACTERS, REPORTED_PATHS } from './limits.ts'
import { ownersOf } from './owners.ts'
import { type Override, readOverrides } from './overrides.ts'
import { objectFolders } from './plan-sync.ts'
import type { RunReport } from './protocol.ts'
import { enqueue } from './report/queue.ts'
import { noSite } from './rollback/no-site.ts'
import type { Site } from './site/site.ts'
import { type NodeState, readNodeState, writeNodeState } from './state/node-state.ts'
import { atFullSpeed } from './throttle/this-process.ts'
import { sync, type SyncOptions, type SyncResult } from './sync.ts'

export interface SyncPlace {
  readonly state: string
  /** The state directory of the node, where reports wait; default `state`, which may be that of one of its roots. */
  readonly reports?: string
  readonly config: Pick<AgentConfig, 'root'>
  /** The number of the statement that is obeyed. */
  readonly statement: number
  readonly target: ChannelTarget
  readonly site: Site
  /** Where the image can be had if the node does not keep all of it. */
  readonly otherwise?: { readonly target: ChannelTarget; readonly site: Site }
  /** See `RunOnceOptions`. */
  readonly atRest?: boolean
  readonly rehash?: boolean
  readonly progress?: Progress
  readonly roundMs?: number
  readonly now: () => number
  readonly newId: () => string
}

export interface Synced {
  readonly outcome: 'unchanged' | 'converged' | 'prepared' | 'held' | 'failed' | 'rolled-back'
  readonly node: NodeState
  /** Queued for the server; absent when nothing is news. */
  readonly report?: RunReport
  readonly error?: HolotypeError
}

/** Brings the root to an image, makes the image's health checks if it is another than before, and queues the report of it. Never throws. */
export async function syncAndReport(place: SyncPlace): Promise<Synced> {
  const { state, reports = state, config, site, target, statement, atRest = false, rehash = false, now } = place
  const started = now()
  const before = readNodeState(state)
  let node = before
  const head = {
    run: place.newId(),
    from: before.image,
    to: target.image,
    statement,
    started: new Date(started).toISOString(),
  }
  const fetched = () => site.fetched() + (place.otherwise?.site.fetched() ?? 0)
  const tail = () => ({ milliseconds: now() - started, bytesFetched: fetched() })
  let done: Omit<RunReport, keyof typeof head | 'outcome' | 'milliseconds' | 'bytesFetched' | 'error'> = NOTHING_DONE
  let kept: readonly Override[] = []
  const save = (next: NodeState) => {
    writeNodeState(state, next)
    node = next
  }
  try {
    const overrides = readOverrides(reports)
    kept = overrides.kept
    const result = await syncFrom(place, {
      state,
      root: config.root,
      from: before.image,
      previous: before.previous,
      overrides: kept.map(({ glob }) => glob),
      atRest,
      rehash,
      onArrived: ({ image, previous, unchecked }) => {
        const still = before.unchecked && before.image === image
        save({
          image,
          statement,
          failure: null,
          previous,
          unchecked: unchecked || still,
          overrides: overrides.digest,
          looked: started,
        })
      },
      progress: place.progress ?? silent,
      now,
    })
    done = { ...resultFields(result), ...(await driftOwners(place, result)) }
    if (node.unchecked && !atRest) {
      await checkImage(result.health, { root: config.root, image: target.image, roundMs: place.roundMs })
      save({ ...node, unchecked: false })
    }
    if (result.left) {
      // The next run looks again.
      save({ ...node, looked: 0 })
      throw result.left
    }
    // A look that found nothing is no news.
    const news =
      before.image !== target.image ||
      before.failure !== null ||
      before.overrides !== overrides.digest ||
      hasNews(result)
    const report: RunReport = { ...head, outcome: 'converged', ...tail(), ...done, ...keeps(kept) }
    if (news) enqueue(reports, report)
    return { outcome: 'converged', node, ...(news ? { report } : {}) }
  } catch (thrown) {
    const error = asHolotypeError(thrown)
    const failure = `${target.image} ${statement} ${error.code}`
    // The same failure again and again is told once: a node that runs every few seconds must not flood its queue.
    // No way back is nothing tried, and no news either: why it was wanted has been told.
    const isNews = before.failure !== failure && error.code !== 'AGENT_NO_PREVIOUS'
    if (!isNews && node.failure === before.failure) return { outcome: 'failed', node, error }
    const report: RunReport = { ...head, outcome: 'failed', ...tail(), ...done, ...keeps(kept), error: wordsOf(error) }
    try {
      if (isNews) enqueue(reports, report)
      save({ ...node, failure })
    } catch {
      // The disk of the state directory is full too: the error itself still reaches the operator.
    }
    return { outcome: 'failed', node, ...(isNews ? { report } : {}), error }
  }
}

function keeps(overrides: readonly Override[]): Pick<RunReport, 'overrides'> {
  return overrides.length === 0 ? {} : { overrides }
}

/** Whose the repaired paths are that a report names. */
async function driftOwners(
  { state, site, otherwise }: SyncPlace,
  { drift, owners }: SyncResult,
): Promise<Pick<RunReport, 'repairedOwners'>> {
  if (drift.length === 0) return {}
  const ownerOf = await ownersOf(owners, objectFolders(state).kept, otherwise?.site ?? site)
  const known = drift.slice(0, REPORTED_PATHS).flatMap((path) => {
    const owner = ownerOf(path)
    return owner === undefined ? [] : [[path, owner] as const]
  })
  return known.length === 0 ? {} : { repairedOwners: Object.fromEntries(known) }
}

/** Syncs from the place's site; if that is none and something is not kept, from the other one. */
async function syncFrom(place: SyncPlace, options: Omit<SyncOptions, 'site' | 'target'>): Promise<SyncResult> {
  const { site, target, otherwise } = place
  try {
    return await sync({ ...options, site, target })
  } catch (error) {
    const notKept = isErrorCode(error, 'AGENT_OBJECT_MISSING') || isErrorCode(error, 'AGENT_NO_PREVIOUS')
    if (site !== noSite || !notKept) throw error
    if (otherwise) return await sync({ ...options, ...otherwise })
    throw fail('AGENT_NO_PREVIOUS', { what: `the node does not keep all of ${target.image}`, cause: error })
  }
}

/** Makes the health checks of an image, if it has any. @throws AGENT_HEALTH_FAILED with what failed */
export async function checkImage(
  health: HealthChecks | undefined,
  { root, image, roundMs }: { readonly root: string; readonly image: Digest; readonly roundMs: number | undefined },
): Promise<void> {
  if (!health) return
  using _speed = atFullSpeed()
  const results = await checkHealth(health, { root, ...(roundMs === undefined ? {} : { roundMs }) })
  const failed = results.filter(({ passed }) => !passed)
  const words = failed.map(({ check, detail }) => `${check}: ${detail}`).join('; ')
  if (failed.length > 0)
    throw fail('AGENT_HEALTH_FAILED', {
      what: `${shortDigest(image)}: ${words.slice(0, HEALTH_FAILURES_CHARACTERS)}`,
      data: { checks: failed.map(({ check, detail }) => ({ check, detail })) },
    })
}

/** What a run did that did nothing. */
export const NOTHING_DONE = {
  changed: { written: 0, removed: 0, metadata: 0 },
  repaired: [],
  repairedCount: 0,
  triggers: [],
} as const

function hasNews(result: SyncResult): boolean {
  return result.written + result.removed + result.metadata + result.drift.length + result.triggers.length > 0
}

function resultFields({ written, removed, metadata, drift, triggers }: SyncResult) {
  return {
    changed: { written, removed, metadata },
    repaired: drift.slice(0, REPORTED_PATHS),
    repairedCount: drift.length,
    triggers,
  }
}

export function wordsOf(error: HolotypeError): { code: string; what: string; hint: string } {
  return { code: error.code, what: error.message, hint: error.hint }
}
