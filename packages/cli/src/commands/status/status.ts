import { renderTable } from '@holotype/base'
import { statusSchema } from '@holotype/server/api'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { imageInWords } from '../../view/images.ts'
import type { View } from '../../view/view.ts'
import { renderRollout } from '../../view/waves.ts'
import { count, relativeTime, wrapWords } from '../../view/words.ts'

type Status = z.output<typeof statusSchema>

/** @throws SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, _flags: CommonFlags): Promise<Status> {
  return (await context.api()).get('status', statusSchema)
}

/** What needs a person comes first; then the channels, what moves in them, and where their nodes are. */
export function show(status: Status, view: View): string {
  const head = `${view.paint.bold(status.distribution)}  ${count(status.nodes, 'node')}, ${count(status.findings, 'finding')}\n`
  const rollouts = status.channels.flatMap(({ rollout }) => (rollout ? [renderRollout(rollout, view)] : []))
  return [head, attention(status, view), channels(status, view), ...rollouts, nodesByImage(status, view)]
    .filter((part) => part !== '')
    .join('\n')
}

function attention(status: Status, view: View): string {
  if (status.attention.length === 0)
    return `${view.paint.green('✓')} Nothing needs you. ${view.paint.dim(checked(status, view))}\n`
  const { paint } = view
  const mark = { high: paint.red, medium: paint.yellow, low: paint.dim }
  // Never cut: what needs a person is read in full, on a narrow terminal too.
  const lines = status.attention.flatMap(({ severity, title, detail, since }) => [
    `${mark[severity](`! ${severity.padEnd(SEVERITY_COLUMNS)}`)}${title}  ${paint.dim(relativeTime(since, view.now))}`,
    ...wrapWords(detail, (view.width ?? Number.POSITIVE_INFINITY) - DETAIL_INDENT.length).map(
      (line) => DETAIL_INDENT + paint.dim(line),
    ),
  ])
  return `${[paint.dim('NEEDS YOU'), ...lines].join('\n')}\n`
}

const SEVERITY_COLUMNS = 8
const DETAIL_INDENT = ' '.repeat(SEVERITY_COLUMNS + 2)

function checked(status: Status, view: View): string {
  const sources = status.checked.map(({ source, time }) => `${source} ${relativeTime(time, view.now)}`)
  return sources.length === 0 ? '' : `Last heard: ${sources.join(', ')}.`
}

function channels(status: Status, view: View): string {
  if (status.channels.length === 0) return 'No channels yet. Publish one: holotype rollout start CHANNEL\n'
  const columns = [
    { title: 'CHANNEL' },
    { title: 'CURRENT', least: 16 },
    { title: 'NEXT', least: 16 },
    { title: 'STATEMENT', align: 'right', least: 9 },
    { title: 'NODES', align: 'right' },
  ] as const
  const rows = status.channels.map((channel) => [
    channel.channel,
    imageInWords(channel.currentName, channel.current),
    imageInWords(channel.nextName, channel.next),
    String(channel.statement),
    String(channel.nodes),
  ])
  return renderTable(columns, rows, options(view))
}

function nodesByImage(status: Status, view: View): string {
  const rows = status.channels.flatMap((channel) =>
    channel.byImage.map((entry) => [
      channel.channel,
      entry.image === null ? 'no image yet' : imageInWords(entry.name, entry.image),
      String(entry.nodes),
      { text: bar(entry.nodes, channel.nodes), paint: view.paint.cyan },
    ]),
  )
  const columns = [
    { title: 'CHANNEL' },
    { title: 'NODES BY IMAGE', least: 16 },
    { title: 'NODES', align: 'right' },
    { title: '', least: BAR_COLUMNS },
  ] as const
  return renderTable(columns, rows, options(view))
}

const BAR_COLUMNS = 20

function bar(part: number, whole: number): string {
  if (part === 0 || whole === 0) return ''
  // What is there is seen, however small its share.
  return '━'.repeat(Math.max(1, Math.round((part / whole) * BAR_COLUMNS)))
}

function options(view: View) {
  return { ...(view.width === undefined ? {} : { width: view.width }), paint: view.paint }
}
