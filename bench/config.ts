import { join, resolve } from 'node:path'

/** What the harness reads from its environment: the one place that looks there. */
export interface Config {
  /** `BENCH_ROUNDS`: how often each figure is taken; the median counts. */
  readonly rounds: number
  /** `BENCH_WORK`: where stores, roots and results lie. Default: `work/bench`. */
  readonly work: string
  /** `BENCH_README=1`: writes the table into bench/README.md. */
  readonly readme: boolean
}

const ROUNDS = 3

/** The settings of an environment. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const rounds = Number(environment.BENCH_ROUNDS ?? ROUNDS)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS is a whole number, 1 or more')
  return {
    rounds,
    work: resolve(environment.BENCH_WORK ?? join(import.meta.dirname, '../work/bench')),
    readme: environment.BENCH_README === '1',
  }
}
