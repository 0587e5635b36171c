import { join, resolve } from 'node:path'

/** What the harness reads from its environment: the one place that looks there. */
export interface Config {
  /** `BENCH_ROUNDS`: how often each figure is taken; the median counts. */
  readonly rounds: number
  /** `BENCH_WORK`: where stores, roots and results lie. Default: `work/bench`. */
  readonly work: string
  /** `BENCH_README=1`: writes the table into bench/README.md. */
  readonly readme: boolean
  /** `BENCH_DEBS`: a directory of real .debs, in the bench of publishing. Default: apt's own cache. */
  readonly debs: string
  /** `BENCH_TREES`: a folder with two trees, `release` and `updates`, in the bench of delivery. Default: made there, below the work folder. */
  readonly trees: string
  /** `BENCH_WHERE=memory` or `disk`: one of the two alone, in the bench of delivery. Default: both. */
  readonly where: readonly Where[]
  /** `BENCH_LARGE` and `BENCH_FILES`: rows of the large repositories there, and real .debs. Default: 50,000 and 5,000. */
  readonly large: number
  readonly files: number
}

/** Where a node's root lies: in /dev/shm, or on the disk of the work folder. */
export type Where = (typeof WHERE)[number]

const WHERE = ['memory', 'disk'] as const
const ROUNDS = 3
const LARGE = 50_000
const FILES = 5000

/** The settings of an environment. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const rounds = Number(environment.BENCH_ROUNDS ?? ROUNDS)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS is a whole number, 1 or more')
  const work = resolve(environment.BENCH_WORK ?? join(import.meta.dirname, '../work/bench'))
  return {
    rounds,
    work,
    trees: resolve(environment.BENCH_TREES ?? join(work, 'trees')),
    where: whereOf(environment.BENCH_WHERE),
    readme: environment.BENCH_README === '1',
    debs: environment.BENCH_DEBS ?? '/var/cache/apt/archives',
    large: countOf('BENCH_LARGE', environment.BENCH_LARGE, LARGE),
    files: countOf('BENCH_FILES', environment.BENCH_FILES, FILES),
  }
}

function whereOf(text: string | undefined): readonly Where[] {
  const found = WHERE.filter((where) => text === undefined || text === where)
  if (found.length === 0) throw new Error(`BENCH_WHERE is one of ${WHERE.join(', ')}`)
  return found
}

function countOf(name: string, text: string | undefined, otherwise: number): number {
  const count = Number(text ?? otherwise)
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name} is a whole number, 1 or more`)
  return count
}
