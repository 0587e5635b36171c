import { type Digest, renderPairs, shortDigest } from '@holotype/base'
import { type Channel, channelOf, judgeReview, type ReviewPolicy, reviewPolicyOf } from '@holotype/distribution'
import { publishImage } from '@holotype/image'
import { inSiteTurn } from '@holotype/repository'
import { diffDetailSchema } from '@holotype/server/api'
import { openStore, type Store } from '@holotype/store'
import type { ChannelStatement } from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { differenceOf } from '../../work/difference.ts'
import { resolveName } from '../../work/names.ts'
import { hazardsOf, registerDiff, registerImage } from '../../work/review.ts'
import { livePacks, publish, startTime, statementOf, tellServer } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'

export type Flags = CommonFlags & { readonly reason?: string; readonly notBefore?: string }

interface Started {
  readonly statement: ChannelStatement
}

export const exclusive = true

/**
 * Publishes a channel's newest image and opens its first wave. The first image of a channel goes to it at once: no node follows it yet.
 * @throws CLI_USAGE, APPROVAL_MISSING, ROLLOUT_UNDER_WAY, ROLLOUT_NOTHING_NEW, NAME_UNKNOWN, SERVER_*, STATEMENT_*, KEY_*, DISK_FULL
 */
export async function run(context: Context, flags: Flags, name: string): Promise<Started> {
  const distribution = await context.distribution()
  const channel = channelOf(distribution, name)
  const wait = flags.notBefore === undefined ? {} : { notBefore: startTime(context, channel, flags.notBefore) }
  const store = await context.store()
  const image = resolveName(store, 'images', { text: channel.image, names: [channel.image] })
  const before = await statementOf(context, name)
  if (before) await tellServer(context, before)
  if (before?.next)
    throw fail('ROLLOUT_UNDER_WAY', { what: `channel ${name} is moving to ${shortDigest(before.next.image)}` })
  if (before?.current.image === image)
    throw fail('ROLLOUT_NOTHING_NEW', { what: `channel ${name} is at ${shortDigest(image)} already` })
  if (!before && flags.notBefore !== undefined)
    throw fail('CLI_USAGE', { what: `the first image of ${name} goes to it at once: no node follows it yet` })
  const diff = before
    ? await approvedDiff(context, {
        store,
        from: before.current.image,
        to: image,
        policy: reviewPolicyOf(distribution),
      })
    : undefined
  const api = await context.api()
  await registerImage(api, store, image)
  const reason = flags.reason ?? (before ? `move ${name} to ${shortDigest(image)}` : `the first image of ${name}`)
  // Until the statement names them, the image's packs look like garbage.
  const statement = await inSiteTurn(context.home.site, async () => {
    const target = await publishImage({
      store,
      site: openStore(context.home.site),
      image,
      onto: await livePacks(context, name),
      ...(before ? { from: before.current.image } : {}),
      progress: context.progress,
    })
    const stated = before
      ? {
          current: before.current,
          next: target,
          rollout: { id: `${name}-${before.number + 1}`, waves: firstWaves(channel), ...wait },
        }
      : { current: target }
    return publish(context, before, { channel: name, reason, ...stated })
  })
  await listSite(context)
  await tellServer(context, statement, diff)
  return { statement }
}

function firstWaves(channel: Channel): NonNullable<ChannelStatement['rollout']>['waves'] {
  return channel.waves.map(({ name, select, share }, index) => ({ name, select, share, open: index === 0 }))
}

interface ApprovalQuestion {
  readonly store: Store
  readonly from: Digest
  readonly to: Digest
  readonly policy: ReviewPolicy
}

/**
 * The diff is made again from the two images, and handed in for review in case it was not: approvals count for exactly these bytes and for
 * nothing else.
 */
async function approvedDiff(context: Context, { store, from, to, policy }: ApprovalQuestion): Promise<Digest> {
  const { digest } = await differenceOf(context, store, { from, to })
  const api = await context.api()
  await registerDiff(context, store, { digest, from, to })
  await store.flush()
  const { approvals, authors } = await api.get(`diffs/${digest}`, diffDetailSchema)
  // By the policy of this commit, and not by what the server was started with.
  const review = judgeReview({
    policy,
    authors,
    hazards: hazardsOf(store, digest),
    verdicts: approvals,
  })
  const hint = `look at it and approve it: \`holotype image approve ${shortDigest(digest)}\``
  const comment = approvals.findLast(({ verdict }) => verdict === 'rejected')?.comment
  if (review.state === 'rejected')
    throw fail('APPROVAL_MISSING', {
      what: `the difference ${shortDigest(digest)} is ${review.words}${comment ? `: ${comment}` : ''}`,
      hint: 'mend what is wrong and compose again; a new verdict of the same person takes the place of the old one',
    })
  if (review.state === 'open')
    throw fail('APPROVAL_MISSING', { what: `the difference ${shortDigest(digest)} ${review.words}`, hint })
  return digest
}

export function show({ statement }: Started, { paint }: View): string {
  const { rollout } = statement
  return renderPairs(
    [
      ['published', paint.bold(`statement ${statement.number} of channel ${statement.channel}`)],
      ['image', shortDigest((statement.next ?? statement.current).image)],
      ...(rollout ? [['rollout', `${rollout.id}: wave ${rollout.waves[0]?.name} is open`] as const] : []),
      ...(rollout?.notBefore ? [['not before', rollout.notBefore] as const] : []),
    ],
    paint,
  )
}
