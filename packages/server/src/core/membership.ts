import { type ChannelStatement, waveOf } from '@holotype/trust'
import type { Member } from './gates.ts'
import type { Queries } from './context.ts'

/** A node of a channel with what its last check-in and run said. */
export interface ChannelNode {
  readonly node: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly image: string | null
  readonly image_since: Date | null
  readonly flags: readonly string[] | null
  readonly run_outcome: 'converged' | 'failed' | null
  readonly run_to: string | null
}

/** All nodes of a channel. */
export function channelNodes(db: Queries, channel: string): Promise<ChannelNode[]> {
  return db
    .selectFrom('nodes')
    .leftJoin('node_states', 'node_states.node', 'nodes.node')
    .where('nodes.channel', '=', channel)
    .select(['nodes.node', 'name', 'labels', 'image', 'image_since', 'flags', 'run_outcome', 'run_to'])
    .execute()
}

/**
 * Which nodes are in which wave, by the rule the nodes themselves follow (trust's `waveOf`). A node that no wave covers is in none.
 * Returns the members by the wave's name.
 */
export function membersOf(statement: ChannelStatement, nodes: readonly ChannelNode[]): ReadonlyMap<string, Member[]> {
  const members = new Map<string, Member[]>()
  const to = statement.next?.image
  for (const node of nodes) {
    const wave = waveOf(statement, { id: node.node, labels: node.labels })?.name
    if (wave === undefined) continue
    const list = members.get(wave)
    const member = memberOf(node, to)
    if (list) list.push(member)
    else members.set(wave, [member])
  }
  return members
}

function memberOf(node: ChannelNode, to: string | undefined): Member {
  // A node that went back from the image has failed at it, whatever it did well since.
  const flagged = node.flags?.some((flag) => flag === 'failed' || flag === 'rolled-back') ?? false
  const failed = flagged || (node.run_outcome === 'failed' && node.run_to === to)
  return {
    name: node.name,
    at: failed ? 'failed' : node.image === to ? 'converged' : 'pending',
    held: node.flags?.includes('held') ?? false,
    since: node.image_since?.getTime() ?? 0,
  }
}
