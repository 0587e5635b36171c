import type { Step } from './deliverer.ts'
import { type DeliveryRow, PLACES, sameTask, TASK_ORDER, taskOf } from './rows.ts'

interface Reason {
  readonly steps: readonly Step[]
  /** Begins a peer's name. */
  readonly peer: string
  readonly text: string
}

/** Why a peer can be ahead of ours. */
const REASONS: readonly Reason[] = [
  {
    steps: ['first', 'delta'],
    peer: 'rsync',
    text: 'it holds nothing that it wrote against a digest and flushes nothing; ours checks signatures and each object, flushes before names change and after, and takes an inventory for its report.',
  },
  {
    steps: ['first', 'delta'],
    peer: 'ostree',
    text: 'its files are links into a repository that only it writes; ours brings the root itself to the image, whatever lies there.',
  },
  {
    steps: ['nothing'],
    peer: 'ostree',
    text: 'it asks for one name; ours verifies the signed files of a channel, checks in at the server, and has a runtime to start.',
  },
  {
    steps: ['looked'],
    peer: 'rsync',
    text: 'both look at every path by stat; ours verifies the statement, reads back what it knows of each path, and checks in.',
  },
  {
    steps: ['damaged', 'reread'],
    peer: 'rsync',
    text: 'it fetches the blocks that differ, and holds nothing against a signature; ours fetches the frames of packs in which the damaged files lie, with what else is in them.',
  },
]

/** A sentence for each peer that is the fastest at a task somewhere. */
export function reasonsFor(rows: readonly DeliveryRow[]): readonly string[] {
  const ahead = rows.filter((row) => !row.ours && isFastest(row, rows))
  return TASK_ORDER.flatMap((task) => {
    const those = ahead.filter(({ step }) => taskOf(step) === task)
    return [...Map.groupBy(those, ({ who }) => who)].map(([who, same]) => {
      const places = same.map(({ where }) => PLACES[where]).join(' and ')
      const text = REASONS.find(({ steps, peer }) =>
        same.some((row) => steps.includes(row.step) && row.name.startsWith(peer)),
      )?.text
      return `- ${task}: the fastest is, ${places}, ${who}${text === undefined ? '.' : `: ${text}`}`
    })
  })
}

function isFastest(row: DeliveryRow, rows: readonly DeliveryRow[]): boolean {
  return rows.every((other) => !sameTask(other, row) || other.seconds.median >= row.seconds.median)
}
