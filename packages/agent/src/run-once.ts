import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, failBase, HolotypeError, type Progress, silent } from '@holotype/base'
import { type ChannelStatement, type Decision, decide, openTrustClient } from '@holotype/trust'
import { type AgentConfig, readConfig, readNodeKey } from './config.ts'
import { fail } from './errors.ts'
import { messageOf } from './explain.ts'
import { readHeld } from './held.ts'
import { FETCH_RETRY_MS, HTTP_IDLE_MS, REPORTED_PATHS, STATEMENT_ATTEMPTS } from './limits.ts'
import type { RunReport } from './protocol.ts'
import { checkIn } from './report/check-in.ts'
import { enqueue } from './report/queue.ts'
import { openServer } from './report/server-client.ts'
import { openSite, type Site } from './site/site.ts'
import { lockState } from './state/lock.ts'
import { type NodeState, readJournal, readNodeState, writeNodeState } from './state/node-state.ts'
import { sync, type SyncResult } from './sync.ts'

export interface RunOnceOptions {
  readonly state: string
  /** Look at every path (by stat) even when the statement has not changed. */
  readonly verify?: boolean
  readonly progress?: Progress
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Names the run: unique for ever. */
  readonly newId: () => string
  /** Milliseconds a mirror may stay silent; default HTTP_IDLE_MS. */
  readonly idleMs?: number
  /** Milliseconds before a mirror is asked again, times the attempts so far; default FETCH_RETRY_MS. */
  readonly retryMs?: number
}

/** What one run found and did. */
export interface RunOutcome {
  /** `unchanged`: nothing to do, no tree walk. `held`: an operator's hold. */
  readonly outcome: 'unchanged' | 'converged' | 'held' | 'failed'
  readonly image: Digest | null
  readonly statement: number
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
  const config = readConfig(state)
  const key = readNodeKey(state)
  using _lock = lockState(state)
  const site = openSite({ mirrors: config.sites, ...patience(options) })
  const done = await work(options, config, site)
  const held = readHeld(state) !== undefined
  const warnings = await checkIn({
    config,
    state,
    node: done.node,
    flags: [...(held ? ['held'] : []), ...(done.outcome === 'failed' ? ['failed'] : [])],
    server: openServer({ server: config.server, node: config.node, key, now }),
  })
  return {
    outcome: done.outcome,
    image: done.node.image,
    statement: done.node.statement,
    ...(done.report ? { report: done.report } : {}),
    ...(done.error ? { error: done.error } : {}),
    warnings,
  }
}

function patience({ idleMs = HTTP_IDLE_MS, retryMs = FETCH_RETRY_MS }: RunOnceOptions) {
  return { idleMs, retryMs }
}

interface Done {
  readonly outcome: RunOutcome['outcome']
  readonly node: NodeState
  readonly report?: RunReport
  readonly error?: HolotypeError
}

async function work(options: RunOnceOptions, config: AgentConfig, site: Site): Promise<Done> {
  const { state } = options
  const node = readNodeState(state)
  let statement: ChannelStatement
  let decision: Decision
  try {
    statement = await currentStatement(options, config, node)
    decision = decide(statement, { id: config.node, labels: config.labels })
  } catch (error) {
    return { outcome: 'failed', node, error: asHolotypeError(error) }
  }
  const { target } = decision
  if (readHeld(state)) return { outcome: 'held', node }
  const settled = target.image === node.image && statement.number === node.statement
  if (settled && !options.verify && !readJournal(state)) return { outcome: 'unchanged', node }
  return await syncAndReport(options, { config, site, node, statement, decision })
}

/**
 * The channel's statement, verified, not older than the last one obeyed. Each mirror is asked by itself: files of two mirrors, one of them
 * behind, do not fit together.
 */
async function currentStatement(
  options: RunOnceOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  let failure: unknown
  for (const mirror of config.sites) {
    const site = openSite({ mirrors: [mirror], ...patience(options), attempts: STATEMENT_ATTEMPTS })
    try {
      return await statementFrom(site, options, config, node)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

async function statementFrom(
  site: Site,
  options: RunOnceOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  const client = openTrustClient({
    directory: join(options.state, 'trust'),
    initialRoot: readFileSync(join(options.state, 'root.json')),
    fetch: (path, maxBytes) => site.file(path, maxBytes),
    now: () => new Date(options.now()),
  })
  const { statement } = await client.refresh(config.channel)
  // The trust client keeps its own memory of this; the node's state is a second one, in case its cache was lost.
  if (statement.number < node.statement)
    throw fail('AGENT_STATEMENT_OLD', {
      what: `statement ${statement.number} of ${config.channel}, this node has obeyed ${node.statement}`,
    })
  return statement
}

async function syncAndReport(
  options: RunOnceOptions,
  at: {
    readonly config: AgentConfig
    readonly site: Site
    readonly node: NodeState
    readonly statement: ChannelStatement
    readonly decision: Decision
  },
): Promise<Done> {
  const { state, now } = options
  const { config, site, node, statement } = at
  const { target } = at.decision
  const started = now()
  const arrived: NodeState = { image: target.image, statement: statement.number, failure: null }
  let node_ = node
  const head = {
    run: options.newId(),
    from: node.image,
    to: target.image,
    statement: statement.number,
    started: new Date(started).toISOString(),
  }
  const tail = () => ({ milliseconds: now() - started, bytesFetched: site.fetched() })
  try {
    const result = await sync({
      state,
      root: config.root,
      site,
      target,
      from: node.image,
      onArrived: () => {
        writeNodeState(state, arrived)
        node_ = arrived
      },
      progress: options.progress ?? silent,
      now,
    })
    // A look that found nothing is no news.
    const news = node.image !== target.image || node.failure !== null || hasNews(result)
    const report: RunReport = { ...head, outcome: 'converged', ...tail(), ...resultFields(result) }
    if (news) enqueue(state, report)
    return { outcome: 'converged', node: node_, ...(news ? { report } : {}) }
  } catch (thrown) {
    const error = asHolotypeError(thrown)
    const failure = `${target.image} ${statement.number} ${error.code}`
    // The same failure again and again is told once: a node that runs every few seconds must not flood its queue.
    if (node.failure === failure) return { outcome: 'failed', node: node_, error }
    const report: RunReport = { ...head, outcome: 'failed', ...tail(), ...NOTHING_DONE, error: wordsOf(error) }
    try {
      node_ = { ...node_, failure }
      enqueue(state, report)
      writeNodeState(state, node_)
    } catch {
      // The disk of the state directory is full too: the error itself still reaches the operator.
    }
    return { outcome: 'failed', node: node_, report, error }
  }
}

const NOTHING_DONE = {
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

function wordsOf(error: HolotypeError): { code: string; what: string; hint: string } {
  return { code: error.code, what: error.message, hint: error.hint }
}

/** Anything without a code is a defect of ours, but the node still reports it. */
function asHolotypeError(error: unknown): HolotypeError {
  if (error instanceof HolotypeError) return error
  return failBase('PROCESS_FAILED', { what: `unexpected: ${messageOf(error)}`, cause: error })
}
