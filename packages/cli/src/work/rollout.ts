import { type Digest, isErrorCode, shortDigest } from '@holotype/base'
import { type Channel, channelOf, commitOf } from '@holotype/distribution'
import { type Rollout, rolloutSchema, statusSchema } from '@holotype/server/api'
import { type ChannelStatement, type PackRef, publishedStatement, publishStatement } from '@holotype/trust'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { fail } from '../errors.ts'

const anything = z.unknown()

/** A channel as the site states it now; undefined before its first statement. @throws CHANNEL_UNKNOWN, METADATA_*, KEY_* */
export async function statementOf(context: Context, channel: string): Promise<ChannelStatement | undefined> {
  channelOf(await context.distribution(), channel)
  return publishedStatement({ site: context.home.site, keyring: await context.keyring(), channel })
}

/**
 * The packs that the channels of the distribution lead to now, `channel`'s own first: what one channel has on the site already, another one's image
 * need not bring again.
 * @throws METADATA_*, KEY_*
 */
export async function livePacks(context: Context, channel: string): Promise<readonly PackRef[]> {
  const { channels } = await context.distribution()
  const keyring = await context.keyring()
  const packs = new Map<Digest, PackRef>()
  for (const name of [channel, ...[...channels.keys()].filter((other) => other !== channel)]) {
    const statement = await publishedStatement({ site: context.home.site, keyring, channel: name }).catch(
      (error: unknown) => {
        // Declared, and not on the site yet.
        if (isErrorCode(error, 'CHANNEL_UNKNOWN')) return undefined
        throw error
      },
    )
    for (const target of [statement?.current, statement?.next])
      for (const ref of target?.packs ?? []) packs.set(ref.pack, ref)
  }
  return [...packs.values()]
}

type Stated = Pick<ChannelStatement, 'channel' | 'current' | 'next' | 'rollout' | 'reason'>

/**
 * Signs and publishes the statement that comes after `before`, the one it was decided on: when another was published since, this one is
 * refused. Listing what the site now holds, and telling the server, are the caller's next steps.
 * @throws STATEMENT_*, KEY_*, DISK_FULL
 */
export async function publish(
  context: Context,
  before: ChannelStatement | undefined,
  stated: Stated,
): Promise<ChannelStatement> {
  const distribution = await context.distribution()
  const channel = channelOf(distribution, stated.channel)
  const now = context.now()
  const { commit } = await commitOf(distribution.directory)
  const statement: ChannelStatement = {
    schema: 'holotype.channel/2',
    ...stated,
    number: (before?.number ?? 0) + 1,
    issued: wholeSeconds(now),
    expires: wholeSeconds(new Date(now.getTime() + channel.expires * 1000)),
    actor: context.actor,
    commit,
  }
  await publishStatement({ site: context.home.site, keyring: await context.keyring(), statement, now })
  return statement
}

/**
 * Tells the server what the site says, unless it has heard. What the site says is what holds: a statement that the server missed is told
 * before the next one is made.
 * @throws SERVER_*, TOKEN_MISSING, and what the server answers
 */
export async function tellServer(context: Context, statement: ChannelStatement, diff?: Digest): Promise<void> {
  const api = await context.api()
  const { channels } = await api.get('status', statusSchema)
  if ((channels.find(({ channel }) => channel === statement.channel)?.statement ?? 0) >= statement.number) return
  const { waves } = channelOf(await context.distribution(), statement.channel)
  const gates = Object.fromEntries(waves.map(({ name, gate }) => [name, gate]))
  await api.post('statements', { statement, gates, diff: diff ?? null }, anything)
}

function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}

/** When a rollout of the channel begins, as its statement has it: from ISO 8601 in any zone. @throws CLI_USAGE */
export function startTime(context: Pick<Context, 'now'>, channel: Pick<Channel, 'expires'>, text: string): string {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw fail('CLI_USAGE', { what: `${text} is no time of the form 2026-12-01T22:00:00+01:00` })
  const expires = new Date(context.now().getTime() + channel.expires * 1000)
  if (wholeSeconds(new Date(time)) >= wholeSeconds(expires))
    throw fail('CLI_USAGE', {
      what: `${text} is not before ${wholeSeconds(expires)}, when the statement expires`,
      hint: 'name an earlier time, or give the channel longer `expires`',
    })
  return wholeSeconds(new Date(time))
}

/** The rollout under way on a channel, as the server sees it, with the statement that carries it. @throws ROLLOUT_NONE */
export async function rolloutUnderWay(
  context: Context,
  channel: string,
): Promise<{ readonly statement: ChannelStatement; readonly rollout: Rollout }> {
  const statement = await statementOf(context, channel)
  if (!statement?.rollout) throw fail('ROLLOUT_NONE', { what: `channel ${channel} has no rollout under way` })
  await tellServer(context, statement)
  const rollout = await (await context.api()).get(`rollouts/${encodeURIComponent(statement.rollout.id)}`, rolloutSchema)
  return { statement, rollout }
}

/** `web 1a2b3c4d5e6f` */
export function imageText(rollout: Pick<Rollout, 'to' | 'toName'>): string {
  return `${rollout.toName} ${shortDigest(rollout.to)}`
}
