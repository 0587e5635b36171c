import type { WaveStatus } from '@holotype/server/api'
import { waiting } from '../lib/gates.ts'

/** The nodes of all waves together. */
export interface WaveTotals {
  readonly nodes: number
  readonly converged: number
  readonly failed: number
  readonly waiting: number
}

export function totals(waves: readonly WaveStatus[]): WaveTotals {
  let [nodes, converged, failed, rest] = [0, 0, 0, 0]
  for (const wave of waves) {
    nodes += wave.nodes
    converged += wave.converged
    failed += wave.failed
    rest += waiting(wave)
  }
  return { nodes, converged, failed, waiting: rest }
}
