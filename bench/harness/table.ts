import { formatBytes } from '@holotype/base'
import type { Figure, Row } from './types.ts'

const seconds = (value: number) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`)

const spread = ({ median, least, most }: Figure) =>
  most === least ? seconds(median) : `${seconds(median)} (${seconds(least)} to ${seconds(most)})`

const HEAD = ['task', 'who', 'time', 'CPU', 'peak memory', 'fetched', 'time against the first', 'bar']

/** The rows as a Markdown table. Every further row of a task says how many times that of the first, which is ours, its time is. */
export function markdownTable(rows: readonly Row[]): string {
  const body = rows.map((row) => {
    const first = rows.find(({ task }) => task === row.task)
    return [
      row.task,
      row.who,
      spread(row.seconds),
      row.cpuSeconds ? seconds(row.cpuSeconds.median) : '',
      row.peakBytes ? formatBytes(row.peakBytes.median) : '',
      row.fetchedBytes ? formatBytes(row.fetchedBytes.median) : '',
      first && first !== row ? `${(row.seconds.median / first.seconds.median).toFixed(2)} ×` : '',
      row.bar === undefined ? '' : `${seconds(row.bar)}: ${row.seconds.median <= row.bar ? 'met' : 'missed'}`,
    ]
  })
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(HEAD), line(HEAD.map(() => '---')), ...body.map(line)].join('\n')
}

/** A text with what stands between the harness's marks of this name replaced. */
export function replaceBlock(
  text: string,
  block: string,
  name: 'bench' | 'bench-publish' | 'bench-delivery' | 'bench-throttle' = 'bench',
): string {
  const begin = `<!-- ${name}: written by the harness, BENCH_README=1 make ${name} -->`
  const end = `<!-- ${name}: end -->`
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error('the marks of the table are missing')
  return `${text.slice(0, from)}${begin}\n${block.trim()}\n${text.slice(to)}`
}
