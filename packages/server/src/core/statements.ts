import type { Transaction } from 'kysely'
import type { ChannelStatement } from '@holotype/trust'
import type { StatementRequest } from '../api.ts'
import type { Database } from '../database/schema.ts'
import { fail } from '../errors.ts'
import type { Context } from './context.ts'
import { type DecisionRecord, recordDecision } from './decision.ts'
import { channelNodes, membersOf } from './membership.ts'

/** A wave for which no gate was ever given: no soak, every node. */
const DEFAULT_GATE = { soak: 0, success: 10_000 }

type Action = DecisionRecord['action']
type Tx = Transaction<Database>
type Rollout = NonNullable<ChannelStatement['rollout']>

/** What is written about one statement, all at one time. */
interface Recording {
  readonly transaction: Tx
  readonly statement: ChannelStatement
  readonly request: StatementRequest
  readonly time: Date
}

/**
 * Records a channel statement that was signed and published: statement, rollout, waves and audit record in one transaction, one at a time
 * per channel. A rollout that the statement no longer speaks of has ended: done if the channel now points at its image, else stopped.
 * @throws STATEMENT_NOT_HIGHER, STATEMENT_CONFLICT, REQUEST_INVALID
 */
export async function recordStatement(
  { db, now, changes }: Context,
  request: StatementRequest,
): Promise<{ readonly channel: string; readonly number: number; readonly rollout: string | null }> {
  const { statement } = request
  if ((statement.rollout === undefined) !== (statement.next === undefined))
    throw fail('REQUEST_INVALID', { what: 'a statement has both a next image and a rollout, or neither' })
  const time = now()
  await db.transaction().execute(async (transaction) => {
    const recording = { transaction, statement, request, time }
    await moveChannel(recording)
    const actions = [...(await endOther(recording)), ...(await writeRollout(recording))]
    for (const { action, subject } of actions.length > 0
      ? actions
      : [{ action: 'channel.point' as const, subject: statement.channel }])
      await recordDecision(transaction, {
        time,
        actor: statement.actor,
        action,
        subject,
        reason: statement.reason,
        commit: statement.commit,
      })
  })
  changes.announce('rollouts', 'audit')
  return { channel: statement.channel, number: statement.number, rollout: statement.rollout?.id ?? null }
}

async function moveChannel({ transaction, statement, request, time }: Recording): Promise<void> {
  const moved = {
    number: statement.number,
    current_image: statement.current.image,
    next_image: statement.next?.image ?? null,
    recorded_at: time,
  }
  // The row's lock puts the statements of one channel in order.
  const higher = await transaction
    .insertInto('channels')
    .values({ channel: statement.channel, ...moved })
    .onConflict((conflict) =>
      conflict.column('channel').doUpdateSet(moved).where('channels.number', '<', statement.number),
    )
    .returning('number')
    .executeTakeFirst()
  if (!higher) {
    const { number } = await transaction
      .selectFrom('channels')
      .select('number')
      .where('channel', '=', statement.channel)
      .executeTakeFirstOrThrow()
    throw fail('STATEMENT_NOT_HIGHER', {
      what: `the channel ${statement.channel} is at statement ${number}; ${statement.number} is not higher`,
      data: { last: number },
    })
  }
  await transaction
    .insertInto('statements')
    .values({
      channel: statement.channel,
      number: statement.number,
      body: JSON.stringify(statement),
      gates: JSON.stringify(request.gates),
      diff: request.diff,
      recorded_at: time,
    })
    .execute()
}

/** Ends the channel's running rollout if this statement is not about it, keeping how its waves stood. */
async function endOther({ transaction, statement, time }: Recording): Promise<{ action: Action; subject: string }[]> {
  const running = await transaction
    .selectFrom('rollouts')
    .select(['rollout', 'to_image', 'statement'])
    .where('channel', '=', statement.channel)
    .where('state', '=', 'running')
    .executeTakeFirst()
  if (!running || running.rollout === statement.rollout?.id) return []
  const { body: last } = await transaction
    .selectFrom('statements')
    .select('body')
    .where('channel', '=', statement.channel)
    .where('number', '=', running.statement)
    .executeTakeFirstOrThrow()
  const members = membersOf(last, await channelNodes(transaction, statement.channel))
  for (const { name } of last.rollout?.waves ?? []) {
    const inWave = members.get(name) ?? []
    const final = {
      nodes: inWave.length,
      converged: inWave.filter(({ at }) => at === 'converged').length,
      failed: inWave.filter(({ at }) => at === 'failed').length,
    }
    await transaction
      .updateTable('waves')
      .set({ final: JSON.stringify(final) })
      .where('rollout', '=', running.rollout)
      .where('name', '=', name)
      .execute()
  }
  const done = statement.current.image === running.to_image
  await transaction
    .updateTable('rollouts')
    .set({ state: done ? 'done' : 'stopped', ended_at: time })
    .where('rollout', '=', running.rollout)
    .execute()
  return [{ action: done ? 'rollout.finish' : 'rollout.stop', subject: running.rollout }]
}

async function writeRollout(recording: Recording): Promise<{ action: Action; subject: string }[]> {
  const { transaction, statement, request, time } = recording
  const { rollout, next } = statement
  if (!rollout || !next) return []
  if (new Set(rollout.waves.map(({ name }) => name)).size !== rollout.waves.length)
    throw fail('REQUEST_INVALID', { what: `two waves of the rollout ${rollout.id} have one name` })
  const before = await transaction
    .selectFrom('rollouts')
    .select(['channel', 'state', 'from_image', 'to_image'])
    .where('rollout', '=', rollout.id)
    .executeTakeFirst()
  if (before) {
    const goesOn =
      before.state === 'running' &&
      before.channel === statement.channel &&
      before.from_image === statement.current.image &&
      before.to_image === next.image
    if (!goesOn)
      throw fail('STATEMENT_CONFLICT', { what: `the rollout ${rollout.id} has ended, or was about other images` })
    await transaction
      .updateTable('rollouts')
      .set({ statement: statement.number })
      .where('rollout', '=', rollout.id)
      .execute()
  } else {
    await transaction
      .insertInto('rollouts')
      .values({
        rollout: rollout.id,
        channel: statement.channel,
        state: 'running',
        from_image: statement.current.image,
        to_image: next.image,
        diff: request.diff,
        started_at: time,
        ended_at: null,
        actor: statement.actor,
        reason: statement.reason,
        commit: statement.commit,
        statement: statement.number,
      })
      .execute()
  }
  const opened = await writeWaves(recording, rollout)
  const action = before === undefined ? 'rollout.start' : opened ? 'rollout.open-wave' : 'rollout.change'
  return [{ action, subject: rollout.id }]
}

/** Writes the waves as the statement has them. Returns whether one opened that was closed. */
async function writeWaves({ transaction, request, time }: Recording, rollout: Rollout): Promise<boolean> {
  const before = await transaction.selectFrom('waves').selectAll().where('rollout', '=', rollout.id).execute()
  await transaction.deleteFrom('waves').where('rollout', '=', rollout.id).execute()
  let opened = false
  for (const [position, wave] of rollout.waves.entries()) {
    const known = before.find(({ name }) => name === wave.name)
    const opens = wave.open && !known?.open
    opened ||= opens
    const gate = request.gates[wave.name] ?? known ?? DEFAULT_GATE
    await transaction
      .insertInto('waves')
      .values({
        rollout: rollout.id,
        position,
        name: wave.name,
        selector: JSON.stringify(wave.select),
        share: wave.share,
        open: wave.open,
        opened_at: wave.open ? (opens ? time : (known?.opened_at ?? time)) : null,
        soak: gate.soak,
        success: gate.success,
        final: null,
      })
      .execute()
  }
  return opened
}
