import type { Peer } from './peers.ts'
import type { Place } from './place.ts'
import { rowOf } from './figures.ts'
import type { Cost, Row } from './types.ts'

/** What every case is handed. */
export interface Bench {
  readonly place: Place
  readonly peers: ReadonlySet<Peer>
  readonly rounds: number
  readonly say: (line: string) => void
}

/** Measures one row: `once` per round, and says its figures. */
export async function row(
  bench: Bench,
  named: Pick<Row, 'task' | 'who' | 'bar'>,
  once: (round: number) => Promise<Cost>,
): Promise<Row> {
  const costs: Cost[] = []
  for (let round = 0; round < bench.rounds; round++) costs.push(await once(round))
  bench.say(`${named.task}, ${named.who}: ${costs.map(({ seconds }) => `${seconds.toFixed(2)} s`).join(', ')}`)
  return rowOf(named, costs)
}
