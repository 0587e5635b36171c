import { LEAST_SHARE, SHARE_STEP } from '../limits.ts'

/** What something is for: processor, disk, memory, as the kernel's pressure stall information divides them. */
export const RESOURCES = ['cpu', 'io', 'memory'] as const

/** A number for each resource. */
export type PerResource = Readonly<Record<(typeof RESOURCES)[number], number>>

/** What there was to see in a stretch of time, all in milliseconds. */
export interface Stretch {
  readonly elapsed: number
  /** In which at least one task of the machine stood still for want of it (`some`), our own among them. */
  readonly stalled: PerResource
  /** In which we ourselves stood still for want of it. */
  readonly own: PerResource
}

/**
 * The least share of a stretch, in percent, in which others stood still: `some` is the union of all tasks' waiting, so what is more than our own
 * is theirs.
 */
export function stallsOfOthers({ elapsed, stalled, own }: Stretch): PerResource {
  const of = (name: keyof PerResource) =>
    elapsed <= 0 ? 0 : Math.min(100, (Math.max(0, stalled[name] - own[name]) * 100) / elapsed)
  return { cpu: of('cpu'), io: of('io'), memory: of('memory') }
}

/**
 * The share of time that we may work in next: halved when others stand still more than a limit allows, else a step more. Additive increase and
 * multiplicative decrease, so that several who do the same come to equal shares (Chiu and Jain, 1989).
 */
export function nextShare(share: number, others: PerResource, limits: PerResource): number {
  const suffer = RESOURCES.some((name) => others[name] > limits[name])
  return suffer ? Math.max(LEAST_SHARE, share / 2) : Math.min(1, share + SHARE_STEP)
}
