import { shortDigest } from '@holotype/base'
import type { Selectable } from 'kysely'
import type { Rollout, WaveStatus } from '../api.ts'
import type { Database } from '../database/schema.ts'
import { fail } from '../errors.ts'
import { ROLLOUTS_SHOWN } from '../limits.ts'
import type { Context } from './context.ts'
import { type GatedWave, gateOf } from './gates.ts'
import { imageNames } from './images.ts'
import { channelNodes, membersOf } from './membership.ts'

type RolloutRow = Selectable<Database['rollouts']>
type WaveRow = Selectable<Database['waves']>
type Facts = Pick<Context, 'db' | 'now'>

/** The newest rollouts of all channels. */
export async function listRollouts({ db, now }: Facts): Promise<Rollout[]> {
  const rows = await db.selectFrom('rollouts').selectAll().orderBy('started_at', 'desc').limit(ROLLOUTS_SHOWN).execute()
  return await viewsOf({ db, now }, rows)
}

/** @throws ROLLOUT_UNKNOWN */
export async function rolloutDetail({ db, now }: Facts, id: string): Promise<Rollout> {
  const row = await db.selectFrom('rollouts').selectAll().where('rollout', '=', id).executeTakeFirst()
  const [view] = row ? await viewsOf({ db, now }, [row]) : []
  if (!view) throw fail('ROLLOUT_UNKNOWN', { what: `no rollout ${id}` })
  return view
}

/** Of each channel the rollout that runs, else the one that ended last. */
export async function latestRollouts({ db, now }: Facts): Promise<ReadonlyMap<string, Rollout>> {
  const rows = await db
    .selectFrom('rollouts')
    .selectAll()
    .distinctOn('channel')
    .orderBy('channel')
    .orderBy('ended_at', (order) => order.desc().nullsFirst())
    .orderBy('started_at', 'desc')
    .execute()
  return new Map((await viewsOf({ db, now }, rows)).map((view) => [view.channel, view]))
}

/** Computes each view now, from the last statement and the nodes' states; of ended ones from what was kept. */
async function viewsOf({ db, now }: Facts, rows: readonly RolloutRow[]): Promise<Rollout[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ rollout }) => rollout)
  const waves = await db.selectFrom('waves').selectAll().where('rollout', 'in', ids).orderBy('position').execute()
  const wavesOf = Map.groupBy(waves, ({ rollout }) => rollout)
  const names = await imageNames(db)
  const views: Rollout[] = []
  for (const row of rows) {
    const its = wavesOf.get(row.rollout) ?? []
    views.push({
      rollout: row.rollout,
      channel: row.channel,
      state: row.state,
      from: row.from_image,
      fromName: names.get(row.from_image) ?? shortDigest(row.from_image),
      to: row.to_image,
      toName: names.get(row.to_image) ?? shortDigest(row.to_image),
      diff: row.diff,
      started: row.started_at.toISOString(),
      ended: row.ended_at?.toISOString() ?? null,
      actor: row.actor,
      commit: row.commit,
      reason: row.reason,
      statement: row.statement,
      waves:
        row.state === 'running' ? await runningWaves({ db, now }, row, its) : its.map((wave) => endedWave(row, wave)),
    })
  }
  return views
}

async function runningWaves({ db, now }: Facts, row: RolloutRow, waves: readonly WaveRow[]): Promise<WaveStatus[]> {
  const { body } = await db
    .selectFrom('statements')
    .select('body')
    .where('channel', '=', row.channel)
    .where('number', '=', row.statement)
    .executeTakeFirstOrThrow()
  const members = membersOf(body, await channelNodes(db, row.channel))
  const gated: GatedWave[] = waves.map((wave) => ({ ...wave, members: members.get(wave.name) ?? [] }))
  const at = now().getTime()
  return waves.map((wave, index) => {
    const inWave = members.get(wave.name) ?? []
    return {
      ...common(wave),
      nodes: inWave.length,
      converged: inWave.filter((member) => member.at === 'converged').length,
      failed: inWave.filter((member) => member.at === 'failed').length,
      gate: gateOf(gated, index, at),
    }
  })
}

function endedWave(row: RolloutRow, wave: WaveRow): WaveStatus {
  const final = wave.final ?? { nodes: 0, converged: 0, failed: 0 }
  return {
    ...common(wave),
    ...final,
    gate: {
      soak: wave.soak,
      soaked: 0,
      success: wave.success,
      observed: final.nodes === 0 ? 10_000 : Math.floor((final.converged * 10_000) / final.nodes),
      verdict: wave.open ? 'open' : 'waiting',
      reason: row.state === 'done' ? 'the rollout is done' : 'the rollout was stopped',
    },
  }
}

function common(wave: WaveRow): Pick<WaveStatus, 'name' | 'select' | 'share' | 'open' | 'opened'> {
  return {
    name: wave.name,
    select: wave.selector,
    share: wave.share,
    open: wave.open,
    opened: wave.opened_at?.toISOString() ?? null,
  }
}
