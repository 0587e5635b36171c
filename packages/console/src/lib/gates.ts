import type { WaveStatus } from '@holotype/server/api'
import { duration, share } from './format.ts'

/** One threshold of a gate with what was observed, in words. */
export interface GateLine {
  readonly name: string
  readonly threshold: string
  readonly observed: string
  readonly met: boolean
}

/** The thresholds of a wave's gate; none for a wave that opens with the rollout itself. */
export function gateLines(gate: WaveStatus['gate']): readonly GateLine[] {
  const lines: GateLine[] = []
  if (gate.success > 0) {
    lines.push({
      name: 'Converged before',
      threshold: `at least ${share(gate.success)}`,
      observed: share(gate.observed),
      met: gate.observed >= gate.success,
    })
  }
  if (gate.soak > 0) {
    lines.push({
      name: 'Soaked',
      threshold: `at least ${duration(gate.soak)}`,
      observed: duration(Math.min(gate.soaked, gate.soak * 100)),
      met: gate.soaked >= gate.soak,
    })
  }
  return lines
}

/** Who is in a wave, in words: `50 % of nodes with role=web`, `all other nodes`. */
export function waveMembers(wave: Pick<WaveStatus, 'select' | 'share'>): string {
  const labels = Object.entries(wave.select).map(([key, value]) => `${key}=${value}`)
  const who = labels.length === 0 ? 'nodes' : `nodes with ${labels.join(', ')}`
  if (wave.share >= 10_000) return labels.length === 0 ? 'all other nodes' : `all ${who}`
  return `${share(wave.share)} of ${who}`
}

/** Nodes of a wave that have reported neither success nor failure yet. */
export function waiting(wave: Pick<WaveStatus, 'nodes' | 'converged' | 'failed'>): number {
  return Math.max(0, wave.nodes - wave.converged - wave.failed)
}
