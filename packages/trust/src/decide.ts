import { hash } from 'node:crypto'
import { BUCKETS } from './limits.ts'
import type { ChannelStatement, ChannelTarget, Wave } from './statement.ts'

/** What a statement means for one node. */
export interface Decision {
  /** The image the node should be at. */
  readonly target: ChannelTarget
  readonly side: 'current' | 'next'
  /** The wave the node is in, open or not; absent without a rollout or if no wave covers the node. */
  readonly wave?: string
  /** When the node goes to the next image, whose wave is open already: ISO 8601, UTC. */
  readonly waitsUntil?: string
}

/** What a node decides by. */
interface DecidingNode {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Where a node falls in a rollout: a number from 0 to 9,999, the first six bytes, big-endian, of the SHA-256 of `ROLLOUT NODE`, modulo 10,000.
 * A wave with a share of n covers the buckets below n, so widening a share never moves a node out. Another rollout shuffles the nodes anew.
 */
export function bucketOf(rollout: string, node: string): number {
  return hash('sha256', `${rollout} ${node}`, 'buffer').readUIntBE(0, 6) % BUCKETS
}

/**
 * The wave a node is in, open or not: the first that selects its labels and whose share covers its bucket. Undefined without a rollout, or if no
 * wave covers the node. Pure.
 */
export function waveOf({ rollout }: ChannelStatement, node: DecidingNode): Wave | undefined {
  if (rollout === undefined) return undefined
  const bucket = bucketOf(rollout.id, node.id)
  return rollout.waves.find((candidate) => bucket < candidate.share && selects(candidate, node.labels))
}

/**
 * Which image a node should be at: the next one when its wave is open and the time has come before which no node goes there, the current one else.
 * Pure.
 */
export function decide(statement: ChannelStatement, node: DecidingNode, now: Date): Decision {
  const { current, next, rollout } = statement
  const wave = waveOf(statement, node)
  if (wave === undefined || next === undefined) return { target: current, side: 'current' }
  if (!wave.open) return { target: current, side: 'current', wave: wave.name }
  const notBefore = rollout?.notBefore
  if (notBefore !== undefined && now.getTime() < Date.parse(notBefore))
    return { target: current, side: 'current', wave: wave.name, waitsUntil: notBefore }
  return { target: next, side: 'next', wave: wave.name }
}

function selects(wave: Wave, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wave.select).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}
