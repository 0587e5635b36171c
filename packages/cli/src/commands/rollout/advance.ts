import { setTimeout as delay } from 'node:timers/promises'
import { renderPairs, runTask } from '@holotype/base'
import type { Rollout } from '@holotype/server/api'
import type { ChannelStatement } from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageText, publish, rolloutUnderWay, tellServer } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'

export type Flags = CommonFlags & { readonly wait: boolean; readonly timeout: number }

interface Advanced {
  readonly statement: ChannelStatement
  /** The wave that was opened; absent when the rollout was ended. */
  readonly opened?: string
  readonly reason: string
}

/** Milliseconds between two looks at a gate. */
const LOOK_AGAIN_MS = 500

type Ready = { readonly verdict: 'ready' | 'waiting' | 'failed'; readonly reason: string; readonly wave?: string }

/**
 * Takes a rollout one step further: opens the next wave if its gate lets it, or, when all are open and every node has converged, makes the
 * next image the channel's current one.
 * @throws ROLLOUT_NONE, GATE_WAITING, GATE_FAILED, SERVER_*, STATEMENT_*, KEY_*
 */
export async function run(context: Context, flags: Flags, channel: string): Promise<Advanced> {
  const { statement, rollout, ready } = await runTask(
    context.progress,
    { title: `gate of ${channel}` },
    async (task) => {
      const end = Date.now() + (flags.wait ? flags.timeout * 1000 : 0)
      for (;;) {
        const state = await rolloutUnderWay(context, channel)
        const next = readiness(state.rollout)
        task.note(next.reason)
        if (next.verdict === 'ready') return { ...state, ready: next }
        if (next.verdict === 'failed')
          throw fail('GATE_FAILED', { what: `${next.wave ?? 'the rollout'}: ${next.reason}` })
        if (Date.now() >= end) throw fail('GATE_WAITING', { what: `${next.wave ?? 'the rollout'}: ${next.reason}` })
        await delay(LOOK_AGAIN_MS, undefined, { signal: context.signal })
      }
    },
  )
  // What was judged is what the next statement stands on: when another was published since, it is refused.
  const published = await publish(context, statement, nextStatement({ channel, statement, rollout, ready }))
  await listSite(context)
  await tellServer(context, published)
  return { statement: published, reason: ready.reason, ...(ready.wave === undefined ? {} : { opened: ready.wave }) }
}

interface Step {
  readonly channel: string
  readonly statement: ChannelStatement
  readonly rollout: Rollout
  readonly ready: Ready
}

function nextStatement({ channel, statement, rollout, ready }: Step): Parameters<typeof publish>[2] {
  const { current, next } = statement
  if (!next || !statement.rollout) throw fail('ROLLOUT_NONE', { what: `channel ${channel} has no rollout under way` })
  if (ready.wave === undefined)
    return { channel, current: next, reason: `every wave of ${rollout.rollout} has converged on ${imageText(rollout)}` }
  const waves = statement.rollout.waves.map((wave) => (wave.name === ready.wave ? { ...wave, open: true } : wave))
  return {
    channel,
    current,
    next,
    rollout: { ...statement.rollout, waves },
    reason: `open wave ${ready.wave}: ${ready.reason}`,
  }
}

function readiness(rollout: Rollout): Ready {
  const closed = rollout.waves.find(({ open: isOpen }) => !isOpen)
  if (closed) {
    const { verdict, reason } = closed.gate
    if (verdict === 'passed' || verdict === 'open') return { verdict: 'ready', reason, wave: closed.name }
    return { verdict, reason, wave: closed.name }
  }
  const waiting = rollout.waves.reduce((sum, { nodes, converged }) => sum + nodes - converged, 0)
  const failed = rollout.waves.reduce((sum, wave) => sum + wave.failed, 0)
  if (failed > 0 && waiting === failed) return { verdict: 'failed', reason: `${failed} of the last nodes failed` }
  return waiting > 0
    ? { verdict: 'waiting', reason: `${waiting} nodes have not converged yet` }
    : { verdict: 'ready', reason: 'every node has converged' }
}

export function show({ statement, opened, reason }: Advanced, { paint }: View): string {
  return renderPairs(
    [
      [
        opened ? 'opened' : 'done',
        paint.bold(opened ? `wave ${opened}` : `channel ${statement.channel} is at its new image`),
      ],
      ['because', reason],
      ['published', `statement ${statement.number}`],
    ],
    paint,
  )
}
