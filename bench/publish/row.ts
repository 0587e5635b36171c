import { rowOf } from '../harness/figures.ts'
import type { Cost, Row } from '../harness/types.ts'

export interface PublishBench {
  readonly work: string
  /** What lasts from run to run. */
  readonly cache: string
  readonly rounds: number
  /** A directory of real .debs. */
  readonly debs: string
  /** Rows of the large repositories, and files of the one that every peer can bear. */
  readonly large: number
  readonly files: number
  readonly say: (line: string) => void
}

export type Named = Pick<Row, 'task' | 'who' | 'bar'>

/** Takes a figure as often as there are rounds. */
export async function row(
  { rounds, say }: PublishBench,
  named: Named,
  once: (round: number) => Promise<Cost>,
): Promise<Row> {
  const costs: Cost[] = []
  for (let round = 0; round < rounds; round++) costs.push(await once(round))
  say(`${named.task}, ${named.who}: ${costs.map(({ seconds }) => `${seconds.toFixed(3)} s`).join(', ')}`)
  return rowOf(named, costs)
}
