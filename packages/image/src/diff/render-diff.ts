import { formatBytes, type Painter, pad, painter, shortDigest } from '@holotype/base'
import type { ImageDiff } from '../types.ts'
import { renderFiles } from './render-files.ts'
import { renderHazards } from './render-hazards.ts'
import { renderNode } from './render-node.ts'
import { renderPackages } from './render-packages.ts'
import { isSame, NO_DIFFERENCE, plural } from './render-parts.ts'

export interface RenderOptions {
  readonly color: boolean
  /** Columns of the terminal. */
  readonly width: number
  /** How many packages and how many files are listed; 0 lists all. */
  readonly limit: number
}

/**
 * A diff as a person reads it on a terminal: a summary, hazards, what nodes are to do, the packages by risk with changelogs and CVEs, then the files, privileges first.
 * Control characters of package texts are made visible, so that nothing a package says can steer the terminal.
 */
export function renderDiff(diff: ImageDiff, options: RenderOptions): string {
  const paint = painter(options.color)
  const width = Math.max(60, options.width)
  const view = { paint, width, limit: options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY }
  const lines = [
    ...renderSummary(diff, paint),
    ...renderHazards(diff, view),
    ...renderNode(diff.node ?? [], view),
    ...renderPackages(diff.packages, view),
    ...renderFiles(diff.files, view),
  ]
  // No blanks at line ends, and no empty lines at the end of the whole.
  return `${lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()}\n`
}

function* renderSummary(diff: ImageDiff, paint: Painter): Generator<string> {
  const { from, to, summary, node = [] } = diff
  const image = (side: ImageDiff['from']) => `${paint.bold(side.name)} ${paint.dim(shortDigest(side.image))}`
  yield `${image(from)}  →  ${image(to)}`
  yield ''
  if (isSame(diff)) {
    yield `  ${NO_DIFFERENCE}`
    return
  }
  const counts = (added: number, removed: number, changed: number) =>
    [
      tint(paint.green, `+${added}`, added),
      tint(paint.red, `−${removed}`, removed),
      tint(paint.yellow, `~${changed}`, changed),
    ].join('  ')
  const tint = (colour: (text: string) => string, text: string, number: number) =>
    number === 0 ? paint.dim(pad(text, 6)) : colour(pad(text, 6))
  const label = (text: string) => `  ${paint.dim(pad(text, 13))}`
  const alarm = (number: number) => (number === 0 ? paint.dim('0') : paint.bold(paint.red(String(number))))
  const size = summary.bytes > 0 ? `+${formatBytes(summary.bytes)}` : formatBytes(summary.bytes).replace('-', '−')
  yield `${label('packages')}${counts(summary.packages.added, summary.packages.removed, summary.packages.changed)}`
  yield `${label('files')}${counts(summary.files.added, summary.files.removed, summary.files.changed)}  ${paint.dim(`metadata ${summary.files.metadata}`)}`
  if (node.length > 0) yield `${label('nodes')}${plural(node.length, 'change')} of what they do`
  yield `${label('size')}${size}`
  yield `${label('CVEs fixed')}${summary.cves.length === 0 ? paint.dim('none named') : paint.green(String(summary.cves.length))}`
  yield `${label('privileges')}setuid ${alarm(summary.setuid)}   capabilities ${alarm(summary.capabilities)}`
  yield `${label('high risk')}${alarm(summary.high)}`
}
