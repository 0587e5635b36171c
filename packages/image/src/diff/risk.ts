import type { Risk } from '../types.ts'

/** One thing a reviewer should know, and how much it weighs. */
export interface Concern {
  readonly risk: Risk
  readonly reason: string
  /** True if it only says what kind of thing it is: left out where there is more to say. */
  readonly generic?: boolean
}

const WEIGHT = { high: 3, medium: 2, low: 1, none: 0 } as const

/** Sorts the highest risk first. */
export function compareRisk(a: Risk, b: Risk): number {
  return WEIGHT[b] - WEIGHT[a]
}

/** The highest of some concerns' risks and their reasons, the weightiest first. */
export function weigh(concerns: readonly Concern[]): { readonly risk: Risk; readonly reasons: readonly string[] } {
  const sorted = [...concerns].sort((a, b) => compareRisk(a.risk, b.risk))
  return { risk: sorted[0]?.risk ?? 'none', reasons: [...new Set(sorted.map(({ reason }) => reason))] }
}
