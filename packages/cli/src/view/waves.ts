import { formatDuration, renderTable, type TableCell } from '@holotype/base'
import type { Rollout, WaveStatus } from '@holotype/server'
import { imageInWords } from './images.ts'
import type { View } from './view.ts'
import { labelsInWords, percent, relativeTime } from './words.ts'

/** A rollout in a line and a table: what moves where, and each wave with its nodes and its gate. */
export function renderRollout(rollout: Rollout, view: View): string {
  const { paint } = view
  const state = { running: paint.cyan('▸ running'), done: paint.green('✓ done'), stopped: paint.yellow('■ stopped') }[
    rollout.state
  ]
  const ended = rollout.ended === null ? '' : `, ended ${relativeTime(rollout.ended, view.now)}`
  const head = [
    `${paint.bold(`rollout ${rollout.rollout}`)}  ${state}  ${rollout.channel}: ${imageInWords(rollout.fromName, rollout.from)} → ${imageInWords(rollout.toName, rollout.to)}`,
    paint.dim(
      `started ${relativeTime(rollout.started, view.now)} by ${rollout.actor} from ${rollout.commit.slice(0, 12)}${ended}`,
    ),
    ...(rollout.reason === '' ? [] : [`because ${rollout.reason}`]),
  ]
  return `${head.join('\n')}\n${renderWaves(rollout.waves, view)}`
}

function renderWaves(waves: readonly WaveStatus[], view: View): string {
  const columns = [
    { title: 'WAVE' },
    { title: 'WHO', least: 12 },
    { title: 'NODES', align: 'right' },
    { title: 'CONVERGED', align: 'right', least: 9 },
    { title: 'FAILED', align: 'right' },
    { title: 'OPEN', least: 10 },
    { title: 'GATE', least: 20 },
  ] as const
  const rows = waves.map((wave): readonly TableCell[] => [
    wave.name,
    whoInWords(wave),
    String(wave.nodes),
    String(wave.converged),
    wave.failed === 0 ? '0' : { text: String(wave.failed), paint: view.paint.red },
    wave.open ? { text: `✓ ${relativeTime(wave.opened, view.now)}`, paint: view.paint.green } : '· closed',
    gateCell(wave, view),
  ])
  return renderTable(columns, rows, {
    indent: 2,
    paint: view.paint,
    ...(view.width === undefined ? {} : { width: view.width }),
  })
}

function whoInWords(wave: WaveStatus): string {
  const labels = labelsInWords(wave.select)
  if (wave.share === 10_000) return labels === '' ? 'all others' : labels
  return labels === '' ? percent(wave.share) : `${percent(wave.share)} of ${labels}`
}

function gateCell({ gate }: WaveStatus, { paint }: View): TableCell {
  switch (gate.verdict) {
    case 'open':
      return { text: '✓ open', paint: paint.dim }
    case 'passed':
      return { text: `✓ passed: ${gate.reason}`, paint: paint.green }
    case 'failed':
      return { text: `✗ failed: ${gate.reason}`, paint: paint.red }
    case 'waiting': {
      const soak = gate.soaked < gate.soak ? `soaked ${seconds(gate.soaked)} of ${seconds(gate.soak)}` : ''
      return { text: `… waiting: ${gate.reason === '' ? soak : gate.reason}`, paint: paint.yellow }
    }
  }
}

function seconds(value: number): string {
  return formatDuration(value * 1000)
}
