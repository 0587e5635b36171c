import type { Cost, Figure, Row } from './types.ts'

/** Median, least and most of some values; of an even count the upper of the two in the middle. */
export function figureOf(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b)
  const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  if (least === undefined || median === undefined || most === undefined) throw new Error('nothing was measured')
  return { median, least, most }
}

/** A row from the costs of its rounds. A figure that a round lacks is left out. */
export function rowOf(
  named: { readonly task: string; readonly who: string; readonly bar?: number },
  costs: readonly Cost[],
): Row {
  const figure = (pick: (cost: Cost) => number | undefined) => {
    const values = costs.map(pick).filter((value) => value !== undefined)
    return values.length === costs.length ? figureOf(values) : undefined
  }
  const [cpuSeconds, peakBytes, fetchedBytes] = [
    figure((cost) => cost.cpuSeconds),
    figure((cost) => cost.peakBytes),
    figure((cost) => cost.fetchedBytes),
  ]
  return {
    ...named,
    seconds: figureOf(costs.map(({ seconds }) => seconds)),
    ...(cpuSeconds ? { cpuSeconds } : {}),
    ...(peakBytes ? { peakBytes } : {}),
    ...(fetchedBytes ? { fetchedBytes } : {}),
  }
}
