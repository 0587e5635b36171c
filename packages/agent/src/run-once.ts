import { existsSync } from 'node:fs'
import { type Digest, type HolotypeError, isErrorCode, type Progress } from '@holotype/base'
import { type ChannelStatement, type ChannelTarget, decide } from '@holotype/trust'
import { type AgentConfig, readConfig, readNodeKey } from './config.ts'
import { currentStatement, type Patience, patience } from './current-statement.ts'
import { asHolotypeError } from './explain.ts'
import { obeyAgain, readHeld, readRefused, refuse } from './held.ts'
import type { RunReport } from './protocol.ts'
import { overridesChanged, overridesOrNone } from './overrides.ts'
import { checkIn } from './report/check-in.ts'
import { conditionFlags } from './report/condition.ts'
import { openServer } from './report/server-client.ts'
import { noSite } from './rollback/no-site.ts'
import { openMirrors } from './site/mirrors.ts'
import { openSite } from './site/site.ts'
import { lockState } from './state/lock.ts'
import { isLookDue, type NodeState, readJournal, readNodeState } from './state/node-state.ts'
import { atFullSpeed, startThrottle } from './throttle/this-process.ts'
import type { TwoRoots } from './two-roots/roots.ts'
import { syncAndReport, type Synced, type SyncPlace } from './sync-and-report.ts'

export interface RunOnceOptions extends Patience {
  readonly state: string
  /** Look at every path (by stat) though the statement has not changed and the last look was not LOOK_MS ago. */
  readonly verify?: boolean
  /** Nothing of the root runs, as early at boot: there are neither triggers nor health checks. Looks at every path. */
  readonly atRest?: boolean
  /** Read every file, whatever the stat cache says. */
  readonly rehash?: boolean
  /** The root to bring to the image instead of the configured one: where it is mounted now. */
  readonly root?: string
  readonly progress?: Progress
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Names the run: unique for ever. */
  readonly newId: () => string
  /** Milliseconds between two rounds of health checks; default HEALTH_ROUND_MS. */
  readonly roundMs?: number
  /** Spare what else runs on the machine, as the image and the node's configuration say. Default: no. Never at rest. */
  readonly throttled?: boolean
}

/** What one run found and did. */
export interface RunOutcome {
  /**
   * `unchanged`: nothing to do, no tree walk. `prepared`: the other of two roots is at the image, and starts next. `held`: an operator's hold.
   * `rolled-back`: the image's health checks failed, and the root is at the image before; of two roots: the one that is starts next.
   */
  readonly outcome: 'unchanged' | 'converged' | 'prepared' | 'held' | 'failed' | 'rolled-back'
  /** Of two roots the other one starts next. */
  readonly rebootPending: boolean
  readonly image: Digest | null
  readonly statement: number
  /** When the node goes to the channel's next image, though its wave is open already: ISO 8601, UTC. */
  readonly waitsUntil?: string
  /** What was (or will be) told the server; absent when nothing happened. */
  readonly report?: RunReport
  /** Why it failed: the caller prints it and exits with its code. */
  readonly error?: HolotypeError
  /** What did not work but does not make the run fail: the server away. */
  readonly warnings: readonly string[]
}

/**
 * One run of the agent: statement, decision, sync if there is something to do, report, check-in. A failure of the sync is in the
 * outcome, as it is reported like a success.
 * @throws AGENT_NOT_ENROLLED, AGENT_STATE_MALFORMED, AGENT_BUSY
 */
export async function runOnce(options: RunOnceOptions): Promise<RunOutcome> {
  const { state, now } = options
  const read = readConfig(state)
  const config = { ...read, root: options.root ?? read.root }
  const key = readNodeKey(state)
  using _lock = lockState(state)
  const written = [state, ...(config.roots?.directories ?? [config.root])].filter((path) => existsSync(path))
  using _throttle = options.throttled && !options.atRest ? startThrottle(written, config.throttle ?? {}) : null
  const done: Done = config.roots
    ? await workInTwo(options, { ...config, roots: config.roots })
    : await work(options, config)
  // What runs is of the root only where the root is the running system's.
  const lives = config.root === '/' && !options.atRest
  const running = lives ? await conditionFlags(state, { changed: done.report !== undefined, now: now() }) : []
  const warnings = await checkIn({
    config,
    state,
    node: done.node,
    flags: [
      ...new Set([
        ...(readHeld(state) ? ['held'] : []),
        ...(done.outcome === 'failed' ? ['failed'] : []),
        ...(done.isRefused ? ['rolled-back'] : []),
        ...(overridesOrNone(state).kept.length > 0 ? ['overrides'] : []),
        ...(done.rebootPending ? ['reboot-pending'] : []),
        ...running,
      ]),
    ],
    server: openServer({ server: config.server, node: config.node, key, now }),
  })
  return {
    outcome: done.outcome,
    rebootPending: done.rebootPending ?? false,
    image: done.node.image,
    statement: done.node.statement,
    ...waiting(done),
    ...(done.report ? { report: done.report } : {}),
    ...(done.error ? { error: done.error } : {}),
    warnings,
  }
}

/** Only where it waits. */
function waiting({ waitsUntil }: Pick<Done, 'waitsUntil'>): Pick<Done, 'waitsUntil'> {
  return waitsUntil === undefined ? {} : { waitsUntil }
}

interface Done extends Synced {
  /** The node is not where its channel leads, because it went back from there. */
  readonly isRefused: boolean
  /** See `RunOutcome`. */
  readonly rebootPending?: boolean
  readonly waitsUntil?: string
}

async function workInTwo(options: RunOnceOptions, config: AgentConfig & { readonly roots: TwoRoots }): Promise<Done> {
  const { runTwoRoots } = await import('./two-roots/run.ts')
  return await runTwoRoots(options, config, () =>
    openSite({ mirrors: openMirrors(config.sites, options), ...patience(options) }),
  )
}

async function work(options: RunOnceOptions, config: AgentConfig): Promise<Done> {
  const { state } = options
  const node = readNodeState(state)
  let statement: ChannelStatement
  try {
    statement = await currentStatement(options, config, node)
  } catch (error) {
    return await workAlone(options, config, asHolotypeError(error))
  }
  const decision = decide(statement, { id: config.node, labels: config.labels }, new Date(options.now()))
  return { ...(await follow(options, config, { node, statement, target: decision.target })), ...waiting(decision) }
}

interface Led {
  readonly node: NodeState
  readonly statement: ChannelStatement
  readonly target: ChannelTarget
}

/** To where the channel leads the node. */
async function follow(options: RunOnceOptions, config: AgentConfig, { node, statement, target }: Led): Promise<Done> {
  const { state } = options
  const refused = readRefused(state)
  const isRefused = refused?.image === target.image && refused.statement === statement.number
  if (readHeld(state)) return { outcome: 'held', node, isRefused }
  if (refused && !isRefused) obeyAgain(state)
  const place = { ...options, config, statement: statement.number }
  if (isRefused) {
    if (isSettled(options, node, refused.back, statement)) return { outcome: 'unchanged', node, isRefused }
    return { ...(await goBack(place, refused.back, statement.current)), isRefused }
  }
  if (isSettled(options, node, target.image, statement)) return { outcome: 'unchanged', node, isRefused }
  const site = openSite({ mirrors: openMirrors(config.sites, options), ...patience(options) })
  const done = await syncAndReport({ ...place, target, site })
  const { error } = done
  if (error?.code !== 'AGENT_HEALTH_FAILED') return { ...done, isRefused }
  return await decline(place, { ...done, error }, { image: target.image, current: statement.current })
}

/**
 * A run without a statement. What was begun of going back is ended all the same, and an image that has come is checked: it may be what keeps the
 * statement away.
 */
async function workAlone(options: RunOnceOptions, config: AgentConfig, error: HolotypeError): Promise<Done> {
  const { state } = options
  const node = readNodeState(state)
  const refused = readRefused(state)
  const failed = { outcome: 'failed', node, error, isRefused: refused !== undefined } as const
  if (readHeld(state)) return failed
  const place = { ...options, config, statement: node.statement }
  if (refused) {
    if (node.image === refused.back && !readJournal(state)) return failed
    return { ...failed, ...(await goBack(place, refused.back)), outcome: 'failed', error }
  }
  if (!node.unchecked || node.image === null || options.atRest) return failed
  const { image } = node
  const done = await syncAndReport({ ...place, target: { image, packs: [] }, site: noSite })
  if (done.error?.code === 'AGENT_HEALTH_FAILED') return await decline(place, { ...done, error: done.error }, { image })
  return { ...failed, ...done, outcome: 'failed', error }
}

/** Goes back from an image whose health checks failed, if there is a way. */
async function decline(
  place: BackPlace,
  done: Synced & { readonly error: HolotypeError },
  { image, current }: { readonly image: Digest; readonly current?: ChannelTarget },
): Promise<Done> {
  const back = done.node.previous
  if (back === null) return { ...done, isRefused: false }
  const { state, statement } = place
  refuse(state, { image, back, statement, reason: done.error.message })
  const gone = await goBack(place, back, current)
  // There is no way back: the next run makes the checks again.
  if (isErrorCode(gone.error, 'AGENT_NO_PREVIOUS')) obeyAgain(state)
  return {
    ...done,
    node: gone.node,
    outcome: gone.error ? 'failed' : 'rolled-back',
    error: gone.error ?? done.error,
    isRefused: true,
  }
}

/** Nothing is to be looked at: the root is at the image, and all that belongs to that is done. */
function isSettled(options: RunOnceOptions, node: NodeState, image: Digest, { number }: ChannelStatement): boolean {
  const { state, verify = false, atRest = false, rehash = false, now } = options
  return (
    image === node.image &&
    number === node.statement &&
    !verify &&
    !atRest &&
    !rehash &&
    !node.unchecked &&
    !isLookDue(node, now()) &&
    !overridesChanged(state, node.overrides) &&
    readJournal(state) === undefined
  )
}

type BackPlace = Omit<SyncPlace, 'target' | 'site' | 'config'> & Patience & { readonly config: AgentConfig }

/** Back to the image before: from what the node kept of it, else from the site if the statement still names it. */
async function goBack(place: BackPlace, back: Digest, current?: ChannelTarget): Promise<Synced> {
  using _speed = atFullSpeed()
  const site = openSite({ mirrors: openMirrors(place.config.sites, place), ...patience(place) })
  return await syncAndReport({
    ...place,
    target: { image: back, packs: [] },
    site: noSite,
    ...(current?.image === back ? { otherwise: { target: current, site } } : {}),
  })
}
