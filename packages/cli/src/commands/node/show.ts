import { formatBytes, formatDuration, renderPairs, renderTable } from '@holotype/base'
import { nodeDetailSchema } from '@holotype/server/api'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { imageInWords } from '../../view/images.ts'
import type { View } from '../../view/view.ts'
import { count, labelsInWords, relativeTime } from '../../view/words.ts'

type Detail = z.output<typeof nodeDetailSchema>

const SHOWN_RUNS = 10
const SHOWN_PATHS = 5

/** @throws SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, _flags: CommonFlags, node: string): Promise<Detail> {
  return (await context.api()).get(`nodes/${encodeURIComponent(node)}`, nodeDetailSchema)
}

export function show(node: Detail, view: View): string {
  const facts = renderPairs(
    [
      ['node', `${view.paint.bold(node.name)}  ${view.paint.dim(node.node)}`],
      ['channel', `${node.channel}, statement ${node.statement}`],
      ['image', imageInWords(node.imageName, node.image)],
      ['kernel', node.kernel],
      ['labels', labelsInWords(node.labels)],
      ...(node.flags.length === 0 ? [] : [['flags', node.flags.join(', ')] as const]),
      ['enrolled', relativeTime(node.enrolled, view.now)],
      ['seen', relativeTime(node.lastSeen, view.now)],
    ],
    view.paint,
  )
  return [facts, findings(node, view), runs(node, view)].join('\n')
}

function findings({ findingList }: Detail, view: View): string {
  if (findingList.length === 0) return 'No findings: it holds what its image names.\n'
  const columns = [{ title: 'FINDING' }, { title: 'PACKAGE' }, { title: 'INSTALLED' }, { title: 'EXPECTED' }]
  const rows = findingList.map((finding) => [
    { text: finding.kind, paint: view.paint.yellow },
    `${finding.package}:${finding.architecture}`,
    finding.installed ?? '—',
    finding.expected ?? '—',
  ])
  return renderTable(columns, rows, options(view))
}

function runs(node: Detail, view: View): string {
  if (node.runs.length === 0) return 'No runs yet.\n'
  const columns = [
    { title: 'RUN' },
    { title: 'OUTCOME' },
    { title: 'TO' },
    { title: 'TOOK', align: 'right' },
    { title: 'FETCHED', align: 'right' },
    { title: 'WRITTEN', align: 'right' },
    { title: 'REMOVED', align: 'right' },
    { title: 'REPAIRED', align: 'right' },
  ] as const
  const shown = node.runs.slice(0, SHOWN_RUNS)
  const rows = shown.map((run) => [
    relativeTime(run.started, view.now),
    run.outcome === 'converged'
      ? { text: '✓ converged', paint: view.paint.green }
      : { text: '✗ failed', paint: view.paint.red },
    imageInWords(null, run.to),
    formatDuration(run.milliseconds),
    formatBytes(run.bytesFetched),
    String(run.changed.written),
    String(run.changed.removed),
    String(run.repairedCount),
  ])
  return renderTable(columns, rows, options(view)) + details(shown, view)
}

/** What the table has no room for: errors, repaired paths and triggers, newest first. */
function details(shown: Detail['runs'], view: View): string {
  const [newest] = shown
  const lines = shown.flatMap((run) => {
    const when = relativeTime(run.started, view.now)
    const paths = run.repaired.slice(0, SHOWN_PATHS).map((path) => {
      const owner = run.repairedOwners?.[path]
      return owner === undefined ? path : `${path} (${owner})`
    })
    const more = run.repairedCount - paths.length
    return [
      ...(run.error ? [`${when}: ${run.error.what} (${run.error.code})`] : []),
      ...(run.repairedCount > 0
        ? [`${when}: repaired ${paths.join(', ')}${more > 0 ? ` and ${count(more, 'more', 'more')}` : ''}`]
        : []),
      ...(run === newest
        ? (run.overrides ?? []).map(({ glob, reason }) => `${when}: kept ${glob}, by a local override: ${reason}`)
        : []),
      ...run.triggers.map(
        (trigger) =>
          `${when}: trigger ${trigger.name} ended with ${trigger.exit} after ${formatDuration(trigger.milliseconds)}`,
      ),
    ]
  })
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

function options(view: View) {
  return { ...(view.width === undefined ? {} : { width: view.width }), paint: view.paint }
}
