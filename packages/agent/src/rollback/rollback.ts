import { type Digest, isErrorCode, type Progress, shortDigest } from '@holotype/base'
import { readConfig } from '../config.ts'
import { fail } from '../errors.ts'
import { hold, obeyAgain, readHeld, readRefused, refuse } from '../held.ts'
import type { RunReport } from '../protocol.ts'
import { enqueue } from '../report/queue.ts'
import { lockStateWhenFree } from '../state/lock.ts'
import { type NodeState, readJournal, readNodeState } from '../state/node-state.ts'
import { NOTHING_DONE, syncAndReport, wordsOf } from '../sync-and-report.ts'
import { noSite } from './no-site.ts'

export interface RollBackOptions {
  readonly state: string
  readonly reason: string
  readonly progress?: Progress
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Names the run: unique for ever. */
  readonly newId: () => string
}

export interface RolledBack {
  /** The image that was given up. */
  readonly from: Digest
  /** The image the root is at, or of two roots the one that starts next. */
  readonly image: Digest
  readonly rebootPending: boolean
  readonly report?: RunReport
}

/**
 * Takes the root back to the image before, from what the node kept of it: no network is used. A sync that was interrupted is given up, and
 * the root goes back to where it began. Of two roots the one before starts next. The node is held there, and the reports wait for the next
 * run. Killed on the way, the next run goes on with it.
 * @throws AGENT_NOT_ENROLLED, AGENT_BUSY, AGENT_NO_PREVIOUS before anything is changed; what a sync throws; AGENT_HEALTH_FAILED when it is
 * there and ill
 */
export async function rollBack(options: RollBackOptions): Promise<RolledBack> {
  const { state, reason, now, newId } = options
  const config = readConfig(state)
  using _lock = await lockStateWhenFree(state)
  const { roots } = config
  const two = roots && (await import('../two-roots/go-back.ts')).wayBackInTwo(state, { ...config, roots })
  const node = readNodeState(state)
  const { from, back } = two ?? wayBack(state, node)
  const { statement } = two ?? node
  const words = `${shortDigest(from)} given up for ${shortDigest(back)}${reason === '' ? '' : `: ${reason}`}`
  // Before anything else: should this be killed on the way, the next run goes on with it.
  refuse(state, { image: from, back, statement, reason: words })
  const target = { image: back, packs: [] }
  const { error, report } = two
    ? await two.go()
    : await syncAndReport({ ...options, config, statement, target, site: noSite })
  if (isErrorCode(error, 'AGENT_NO_PREVIOUS')) obeyAgain(state)
  // These come last: the root is there.
  if (error && error.code !== 'AGENT_HEALTH_FAILED' && error.code !== 'AGENT_XATTRS_LEFT') throw error
  const time = new Date(now()).toISOString()
  if (!readHeld(state)) hold(state, { reason: words, since: time })
  enqueue(state, {
    run: newId(),
    outcome: 'failed',
    from: back,
    to: from,
    statement,
    started: time,
    milliseconds: 0,
    bytesFetched: 0,
    ...NOTHING_DONE,
    error: wordsOf(fail('AGENT_ROLLED_BACK', { what: words })),
  })
  if (error) throw error
  return { from, image: back, rebootPending: two?.rebootPending ?? false, ...(report ? { report } : {}) }
}

/** @throws AGENT_NO_PREVIOUS */
function wayBack(state: string, { image, previous }: NodeState): { readonly from: Digest; readonly back: Digest } {
  const journal = readJournal(state)
  const refused = readRefused(state)
  if (refused && journal) return { from: refused.image, back: refused.back }
  if (image !== null && journal?.to !== undefined && journal.to !== image) return { from: journal.to, back: image }
  if (image === null || previous === null)
    throw fail('AGENT_NO_PREVIOUS', { what: 'the node has been at no image before this one' })
  if (refused?.back === image)
    throw fail('AGENT_NO_PREVIOUS', { what: `the node went back from ${shortDigest(refused.image)} already` })
  return { from: image, back: previous }
}
