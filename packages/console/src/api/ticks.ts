import type { Topic } from '@holotype/server/api'

/** The event stream's ticks. Pure. */

/** The topics a tick's data names; undefined when it names none that can be read, which means: everything may have changed. */
export function topicsOf(data: string): readonly string[] | undefined {
  try {
    const body: unknown = JSON.parse(data)
    const topics = typeof body === 'object' && body !== null && 'topics' in body ? body.topics : body
    if (Array.isArray(topics) && topics.every((topic) => typeof topic === 'string')) return topics
  } catch {
    // Not JSON: the same as naming nothing.
  }
  return undefined
}

/** What else a topic's change shows in: a node's run moves its rollout's numbers, a finding stands on its node. */
const SHOWN_IN = {
  nodes: ['nodes', 'rollouts'],
  findings: ['nodes'],
  images: ['images', 'diffs', 'nodes'],
  diffs: ['diffs'],
  rollouts: ['rollouts'],
  audit: ['audit'],
} as const satisfies Record<Topic, readonly string[]>

/** Whether a cached query is stale after a tick. The first page and the audit log gather from all topics, and so does all that is unknown. */
export function touches(topics: ReadonlySet<string>, first: unknown): boolean {
  if (first === 'status' || first === 'audit') return true
  return [...topics].some((topic) => {
    const views: readonly unknown[] | undefined = isTopic(topic) ? SHOWN_IN[topic] : undefined
    return views === undefined || views.includes(first)
  })
}

function isTopic(topic: string): topic is Topic {
  return Object.hasOwn(SHOWN_IN, topic)
}
