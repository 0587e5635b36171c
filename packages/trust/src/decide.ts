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
}

/**
 * Where a node falls in a rollout: a number from 0 to 9,999, the first six bytes, big-endian, of the SHA-256 of `ROLLOUT NODE`, modulo 10,000.
 * A wave with a share of n covers the buckets below n, so widening a share never moves a node out. Another rollout shuffles the nodes anew.
 */
export function bucketOf(rollout: string, node: string): number {
  return hash('sha256', `${rollout} ${node}`, 'buffer').readUIntBE(0, 6) % BUCKETS
}

/**
 * Which image a node should be at. A node belongs to the first wave that selects its labels and whose share covers its bucket; it goes
 * to the next image when that wave is open, and stays on the current one else. Pure.
 */
export function decide(
  statement: ChannelStatement,
  node: { readonly id: string; readonly labels: Readonly<Record<string, string>> },
): Decision {
  const { current, next, rollout } = statement
  if (next === undefined || rollout === undefined) return { target: current, side: 'current' }
  const bucket = bucketOf(rollout.id, node.id)
  const wave = rollout.waves.find((candidate) => bucket < candidate.share && selects(candidate, node.labels))
  if (wave === undefined) return { target: current, side: 'current' }
  return wave.open
    ? { target: next, side: 'next', wave: wave.name }
    : { target: current, side: 'current', wave: wave.name }
}

function selects(wave: Wave, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wave.select).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}
