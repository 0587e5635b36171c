import { compareText, shortDigest } from '@holotype/base'
import type { Status } from '../api.ts'
import { attentionOf } from './attention.ts'
import { readAttentionFacts } from './attention-facts.ts'
import type { Context } from './context.ts'
import { imageNames } from './images.ts'
import { latestRollouts } from './rollouts.ts'

/** The first page: what needs a person, each channel with its images and rollout, and when each source was last heard of. */
export async function readStatus({ db, now, distribution, reviewPolicy }: Context): Promise<Status> {
  const names = await imageNames(db)
  const rollouts = await latestRollouts({ db, now })
  const pointers = await db.selectFrom('channels').selectAll().execute()
  const counts = await db
    .selectFrom('nodes')
    .leftJoin('node_states', 'node_states.node', 'nodes.node')
    .select(({ fn }) => ['nodes.channel', 'node_states.image', fn.countAll<number>().as('nodes')])
    .groupBy(['nodes.channel', 'node_states.image'])
    .execute()
  const { findings } = await db
    .selectFrom('node_states')
    .innerJoin('set_findings', (join) =>
      join
        .onRef('set_findings.set_digest', '=', 'node_states.set_digest')
        .onRef('set_findings.image', '=', 'node_states.image'),
    )
    .select(({ fn }) => fn.sum<number | null>('set_findings.count').as('findings'))
    .executeTakeFirstOrThrow()
  const { seen, recorded, registered } = await db
    .selectNoFrom((q) => [
      q
        .selectFrom('node_states')
        .select(({ fn }) => fn.max('seen_at').as('at'))
        .as('seen'),
      q
        .selectFrom('channels')
        .select(({ fn }) => fn.max('recorded_at').as('at'))
        .as('recorded'),
      q
        .selectFrom('images')
        .select(({ fn }) => fn.max('registered_at').as('at'))
        .as('registered'),
    ])
    .executeTakeFirstOrThrow()
  const nameOf = (image: string | null) => (image === null ? null : (names.get(image) ?? shortDigest(image)))
  const channels = [...new Set([...pointers, ...counts].map(({ channel }) => channel))].sort(compareText)
  return {
    distribution,
    time: now().toISOString(),
    attention: attentionOf(await readAttentionFacts({ db, now, reviewPolicy }, [...rollouts.values()])),
    channels: channels.map((channel) => {
      const pointer = pointers.find((row) => row.channel === channel)
      const byImage = counts.filter((row) => row.channel === channel)
      return {
        channel,
        statement: pointer?.number ?? 0,
        current: pointer?.current_image ?? null,
        currentName: nameOf(pointer?.current_image ?? null),
        next: pointer?.next_image ?? null,
        nextName: nameOf(pointer?.next_image ?? null),
        rollout: rollouts.get(channel) ?? null,
        nodes: byImage.reduce((sum, { nodes }) => sum + nodes, 0),
        byImage: byImage
          .map(({ image, nodes }) => ({ image, name: nameOf(image) ?? 'no image yet', nodes }))
          .sort((a, b) => b.nodes - a.nodes || compareText(a.image ?? '', b.image ?? '')),
      }
    }),
    nodes: counts.reduce((sum, { nodes }) => sum + nodes, 0),
    findings: findings ?? 0,
    checked: [
      { source: 'nodes', time: iso(seen) },
      { source: 'channel statements', time: iso(recorded) },
      { source: 'images', time: iso(registered) },
    ],
  }
}

function iso(time: Date | null): string | null {
  return time?.toISOString() ?? null
}
