import type { Where } from '../config.ts'
import { figureOf } from '../harness/figures.ts'
import type { Figure } from '../harness/types.ts'
import type { Delivered, Deliverer, Step } from './deliverer.ts'

/** One line of the table. */
export interface DeliveryRow {
  readonly step: Step
  readonly where: Where
  /** Its deliverer's name; the program with what it was told. */
  readonly name: string
  readonly who: string
  readonly ours: boolean
  readonly verifies: boolean
  readonly seconds: Figure
  readonly cpuSeconds: number
  readonly serverSeconds: number
  readonly wireBytes: number
  readonly requests: number | undefined
  readonly peakBytes: number
  readonly syncs: number | undefined
}

const TASKS = {
  first: 'the first tree into an empty root',
  delta: 'the second onto the first',
  nothing: 'nothing new, by the statement',
  looked: 'nothing new, every path looked at',
  damaged: '1 % of the files damaged',
  reread: '1 % of the files damaged',
} as const satisfies Record<Step, string>

/** Both ways to find damage are one task. */
export const taskOf = (step: Step): string => TASKS[step]
/** Every task, in the order of the table. */
export const TASK_ORDER: readonly string[] = [...new Set(Object.values(TASKS))]
export const PLACES = { memory: 'in memory', disk: 'on the disk' } as const satisfies Record<Where, string>

/** The medians of one step's rounds. */
export function rowOf(
  deliverer: Deliverer,
  { step, where, syncs }: { readonly step: Step; readonly where: Where; readonly syncs: number | undefined },
  costs: readonly Delivered[],
): DeliveryRow {
  const median = (pick: (cost: Delivered) => number | undefined) =>
    figureOf(costs.map((cost) => pick(cost) ?? 0)).median
  return {
    step,
    where,
    name: deliverer.name,
    who: deliverer.who(step),
    ours: deliverer.ours,
    verifies: deliverer.verifies,
    seconds: figureOf(costs.map(({ seconds }) => seconds)),
    cpuSeconds: median(({ cpuSeconds }) => cpuSeconds),
    serverSeconds: median(({ serverSeconds }) => serverSeconds),
    wireBytes: median(({ wireBytes }) => wireBytes),
    requests: costs.some(({ requests }) => requests === undefined) ? undefined : median(({ requests }) => requests),
    peakBytes: median(({ peakBytes }) => peakBytes),
    syncs,
  }
}

/** Seconds within which nothing new is to be seen. */
const STATEMENT_SECONDS = 0.1
const STAT_SECONDS = 0.5
/** Of the bytes of rsync -z. */
const WIRE_SHARE = 0.2
/** Resident at most. */
const PEAK_BYTES = 120 * 2 ** 20

/** What was promised of a row of ours, each with whether it holds; nothing for a peer's. */
export function barsOf(row: DeliveryRow, rows: readonly DeliveryRow[]): readonly string[] {
  if (!row.ours) return []
  const peers = rows.filter((other) => !other.ours && sameTask(other, row))
  const time = (most: number | undefined, words: string) =>
    most === undefined ? [] : [judged(`${words}${most.toFixed(2)} s`, row.seconds.median <= most)]
  const least = (those: readonly DeliveryRow[]) =>
    those.length === 0 ? undefined : Math.min(...those.map(({ seconds }) => seconds.median))
  const compressed = peers.find(({ name }) => name === 'rsync')
  const memory = judged(`${PEAK_BYTES / 2 ** 20} MiB`, row.peakBytes <= PEAK_BYTES)
  switch (row.step) {
    case 'first':
      return [...time(least(peers.filter(({ verifies }) => verifies)), 'the fastest that verifies, '), memory]
    case 'delta': {
      const share = compressed === undefined ? undefined : WIRE_SHARE * compressed.wireBytes
      const wire =
        share === undefined ? [] : [judged(`a fifth of rsync -z, ${megabytes(share)}`, row.wireBytes <= share)]
      return [...time(least(peers), 'the fastest, '), ...wire, memory]
    }
    case 'nothing':
      return time(STATEMENT_SECONDS, '')
    case 'looked':
      return time(STAT_SECONDS, '')
    case 'damaged':
    case 'reread':
      return [memory]
  }
}

const judged = (bar: string, met: boolean) => `${bar}: ${met ? 'met' : 'missed'}`
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`

/** Whether two rows may be compared. */
export function sameTask(one: DeliveryRow, other: DeliveryRow): boolean {
  return taskOf(one.step) === taskOf(other.step) && one.where === other.where
}

const HEAD = [
  ...['task', 'where', 'who', 'time', 'against ours', 'CPU of the client', 'of the server', 'on the wire', 'requests'],
  ...['peak memory', 'fsyncs', 'bar'],
] as const

/** The rows as a Markdown table, by task, ours first. A peer's time stands against the fastest of ours for the same task. */
export function deliveryTable(rows: readonly DeliveryRow[]): string {
  const rank = (row: DeliveryRow) =>
    TASK_ORDER.indexOf(taskOf(row.step)) * 4 + (row.where === 'disk' ? 2 : 0) + (row.ours ? 0 : 1)
  const body = rows.toSorted((a, b) => rank(a) - rank(b)).map((row) => cellsOf(row, rows))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(HEAD), line(HEAD.map(() => '---')), ...body.map(line)].join('\n')
}

function cellsOf(row: DeliveryRow, rows: readonly DeliveryRow[]): string[] {
  const own = rows.filter((other) => other.ours && sameTask(other, row)).map(({ seconds }) => seconds.median)
  return [
    taskOf(row.step),
    PLACES[row.where],
    row.who,
    spread(row.seconds),
    row.ours || own.length === 0 ? '' : `${(row.seconds.median / Math.min(...own)).toFixed(2)} ×`,
    `${row.cpuSeconds.toFixed(2)} s`,
    `${row.serverSeconds.toFixed(2)} s`,
    megabytes(row.wireBytes),
    String(row.requests ?? ''),
    `${Math.round(row.peakBytes / 2 ** 20)} MiB`,
    String(row.syncs ?? ''),
    barsOf(row, rows).join('; '),
  ]
}

function spread({ median, least, most }: Figure): string {
  const one = `${median.toFixed(2)} s`
  return least === most ? one : `${one} (${least.toFixed(2)} to ${most.toFixed(2)})`
}
