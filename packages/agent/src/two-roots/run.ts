import { type Digest, type HolotypeError, isErrorCode, shortDigest, silent } from '@holotype/base'
import { type ChannelStatement, type ChannelTarget, decide } from '@holotype/trust'
import type { AgentConfig } from '../config.ts'
import { currentStatement } from '../current-statement.ts'
import { fail } from '../errors.ts'
import { asHolotypeError } from '../explain.ts'
import { obeyAgain, readHeld, readRefused, refuse } from '../held.ts'
import { overridesChanged } from '../overrides.ts'
import { keptImage, objectFolders } from '../plan-sync.ts'
import type { RunReport } from '../protocol.ts'
import { enqueue } from '../report/queue.ts'
import type { RunOnceOptions } from '../run-once.ts'
import type { Site } from '../site/site.ts'
import { isLookDue, readJournal, readNodeState, writeNodeState } from '../state/node-state.ts'
import { checkImage, NOTHING_DONE, syncAndReport, type Synced, wordsOf } from '../sync-and-report.ts'
import { prepareOther } from './prepare.ts'
import { findRoots, nodeOf, type Root, type Roots, type TwoRoots, wayBack, wholeImage } from './roots.ts'
import { activate, isActive, startedSince } from './switch.ts'

/*
 * A node with two roots. Two rules: what may start next is whole, and the other root is written only while the running one is well and is what
 * starts next. So whatever is killed, both what runs and what the link leads to are whole, and the way back is there until it is not needed.
 */

interface Place {
  readonly options: RunOnceOptions
  readonly config: AgentConfig
  readonly two: TwoRoots
  readonly roots: Roots
  /** The number of the statement in force. */
  readonly statement: number
}

export interface TwoRootsRun extends Synced {
  readonly isRefused: boolean
  /** The root that starts next is not the one that runs. */
  readonly rebootPending: boolean
}

/**
 * One run of a node with two roots. What a sync throws is in the outcome. `openSite`: where images are had.
 * @throws AGENT_ROOTS: the root that was named is none of the two
 */
export async function runTwoRoots(
  options: RunOnceOptions,
  config: AgentConfig & { readonly roots: TwoRoots },
  openSite: () => Site,
): Promise<TwoRootsRun> {
  const { state } = options
  const roots = findRoots(state, config)
  if (options.root !== undefined && !roots.running)
    throw fail('AGENT_ROOTS', { what: `${options.root} is neither ${config.roots.directories.join(' nor ')}` })
  const node = nodeOf(roots)
  const found = await currentStatement(options, config, node).catch(asHolotypeError)
  const statement: ChannelStatement | undefined = 'channel' in found ? found : undefined
  const decision = statement && decide(statement, { id: config.node, labels: config.labels }, new Date(options.now()))
  const target = decision?.target
  const place = { options, config, two: config.roots, roots, statement: statement?.number ?? node.statement }
  const refused = readRefused(state)
  const isRefused =
    refused !== undefined &&
    (statement === undefined || (refused.image === target?.image && refused.statement === statement.number))
  const done = await attempt(place, async () => {
    if (readHeld(state)) return { outcome: 'held' }
    if (refused && !isRefused) obeyAgain(state)
    if (isRefused) await goBack(place, refused.back)
    else {
      const declined = await judge(place, target?.image)
      if (declined) return declined
    }
    if (!target || isRefused) return { outcome: 'unchanged' }
    return await obey(place, target, openSite)
  })
  const { running } = roots
  const again = readRefused(state)
  return {
    ...done,
    ...('channel' in found || done.error ? {} : { outcome: 'failed', error: found }),
    isRefused: again !== undefined && (!target || again.image === target.image),
    ...(decision?.waitsUntil === undefined ? {} : { waitsUntil: decision.waitsUntil }),
    rebootPending: running !== undefined && !isActive(state, config.roots, running),
  }
}

/** What was done so far may be half a run: the state is read again. */
async function attempt({ roots }: Place, work: () => Promise<Omit<Synced, 'node'>>): Promise<Synced> {
  try {
    return { ...(await work()), node: nodeOf(roots) }
  } catch (thrown) {
    return { outcome: 'failed', error: asHolotypeError(thrown), node: nodeOf(roots) }
  }
}

/** Where the channel leads: in the root that runs if that is at the image, else in the other one. */
async function obey(place: Place, target: ChannelTarget, openSite: () => Site): Promise<Omit<Synced, 'node'>> {
  const { options, two, roots, statement } = place
  const { state, verify = false, atRest = false, rehash = false, now } = options
  const { running, other } = roots
  const looks = verify || atRest || rehash
  if (running && readNodeState(running.state).image === target.image) {
    await activate(state, two, running)
    const here = readNodeState(running.state)
    if (
      !looks &&
      here.statement === statement &&
      !isLookDue(here, now()) &&
      !readJournal(running.state) &&
      !overridesChanged(state, here.overrides)
    )
      return { outcome: 'unchanged' }
    const config = { root: running.directory }
    return await syncAndReport({
      ...options,
      state: running.state,
      reports: state,
      config,
      statement,
      target,
      site: openSite(),
    })
  }
  const there = readNodeState(other.state)
  const isPrepared = wholeImage(other) === target.image && !overridesChanged(state, there.overrides)
  if (!looks && isPrepared && isActive(state, two, other)) {
    if (there.statement !== statement) writeNodeState(other.state, { ...there, statement })
    return { outcome: 'unchanged' }
  }
  return await prepare(place, target, openSite())
}

/** Brings the other root to an image and makes it the one that starts next. */
async function prepare(place: Place, target: ChannelTarget, site: Site): Promise<Omit<Synced, 'node'>> {
  const { options, two, roots, statement } = place
  const { state, now, rehash = false, progress = silent } = options
  const started = now()
  const from = nodeOf(roots).image
  const tell = (outcome: RunReport['outcome'], changed: RunReport['changed'], error?: HolotypeError): RunReport => {
    const report = {
      ...headOf(place, { from, to: target.image }, started),
      ...NOTHING_DONE,
      outcome,
      milliseconds: now() - started,
      bytesFetched: site.fetched(),
      changed,
      ...(error ? { error: wordsOf(error) } : {}),
    }
    enqueue(state, report)
    return report
  }
  try {
    if (roots.running) await activate(state, two, roots.running)
    const { changed, left } = await prepareOther({ state, roots, site, target, statement, rehash, progress, now })
    await activate(state, two, roots.other)
    if (left) throw left
    return { outcome: 'prepared', report: tell('converged', changed) }
  } catch (thrown) {
    return failed(roots.other, asHolotypeError(thrown), { target: target.image, statement, tell })
  }
}

/** The same failure again and again is told once. */
function failed(
  root: Root,
  error: HolotypeError,
  about: {
    readonly target: Digest
    readonly statement: number
    readonly tell: (outcome: 'failed', changed: RunReport['changed'], error: HolotypeError) => RunReport
  },
): Omit<Synced, 'node'> {
  const failure = `${about.target} ${about.statement} ${error.code}`
  const node = readNodeState(root.state)
  if (node.failure === failure) return { outcome: 'failed', error }
  try {
    const report = about.tell('failed', NOTHING_DONE.changed, error)
    writeNodeState(root.state, { ...node, failure })
    return { outcome: 'failed', error, report }
  } catch {
    // The disk of the state directory is full too: the error itself still reaches the operator.
    return { outcome: 'failed', error }
  }
}

/**
 * Whether what was switched to is well: it has started, and passes the health checks of its image. If not, the node goes back to the root before,
 * which needs no network. Undefined when the run goes on: all is well, or there is no way back and the channel leads elsewhere.
 */
async function judge(place: Place, target: Digest | undefined): Promise<Omit<Synced, 'node'> | undefined> {
  const { options, roots, two } = place
  const { running, other } = roots
  const { state, atRest, roundMs } = options
  if (!running) return undefined
  const here = readNodeState(running.state)
  const there = wholeImage(other)
  const back = wayBack(roots)
  if (!back && there !== null && startedSince(state, other) && isActive(state, two, other)) {
    const error = fail('AGENT_ROOT_NOT_STARTED', { what: `${other.name} with ${shortDigest(there)}` })
    return await decline(place, { error, bad: there, back: { root: running, image: here.image } })
  }
  if (!here.unchecked || here.image === null || atRest) return undefined
  const kept = await keptImage(objectFolders(running.state).kept, here.image)
  if (!kept) return undefined
  try {
    await checkImage(kept.manifest.health, { root: running.directory, image: here.image, roundMs })
    writeNodeState(running.state, { ...here, unchecked: false, failure: null })
    return undefined
  } catch (error) {
    if (!isErrorCode(error, 'AGENT_HEALTH_FAILED')) throw error
    const done = await decline(place, { error, bad: here.image, back })
    return back || target === here.image ? done : undefined
  }
}

interface Declined {
  readonly error: HolotypeError
  readonly bad: Digest
  /** Undefined: there is no way back, the next run judges again. */
  readonly back: { readonly root: Root; readonly image: Digest | null } | undefined
}

/** Gives an image up. Written down first: killed on the way, the next run goes on with it. */
async function decline(place: Place, { error, bad, back }: Declined): Promise<Omit<Synced, 'node'>> {
  const { options, two, statement, roots } = place
  const { state, now } = options
  if (back && back.image !== null) {
    refuse(state, { image: bad, back: back.image, statement, reason: error.message })
    await activate(state, two, back.root)
  }
  const tell = (outcome: 'failed', changed: RunReport['changed']): RunReport => {
    const started = now()
    const head = headOf(place, { from: back?.image ?? null, to: bad }, started)
    const nothing = { ...NOTHING_DONE, milliseconds: 0, bytesFetched: 0, changed }
    const report = { ...head, ...nothing, outcome, error: wordsOf(error) }
    enqueue(state, report)
    return report
  }
  const done = failed(roots.running ?? roots.other, error, { target: bad, statement, tell })
  return back ? { ...done, outcome: 'rolled-back' } : done
}

/** Makes the root with an image start next that the node went back to: what a kill may have left undone. */
async function goBack({ options, two, roots }: Place, image: Digest): Promise<void> {
  const root = [roots.running, roots.other].find((one) => one && wholeImage(one) === image)
  if (root) await activate(options.state, two, root)
}

function headOf(
  { options, statement }: Place,
  { from, to }: { readonly from: Digest | null; readonly to: Digest },
  started: number,
): Pick<RunReport, 'run' | 'from' | 'to' | 'statement' | 'started'> {
  return { run: options.newId(), from, to, statement, started: new Date(started).toISOString() }
}
