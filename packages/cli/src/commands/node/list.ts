import { renderTable, type TableCell } from '@holotype/base'
import { nodeSummarySchema } from '@holotype/server/api'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { imageInWords } from '../../view/images.ts'
import type { View } from '../../view/view.ts'
import { labelsInWords, relativeTime } from '../../view/words.ts'

export type Flags = CommonFlags & { readonly channel?: string }

const nodesSchema = z.array(nodeSummarySchema)
type Nodes = z.output<typeof nodesSchema>

/** @throws SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, flags: Flags): Promise<Nodes> {
  const nodes = await (await context.api()).get('nodes', nodesSchema)
  return flags.channel === undefined ? nodes : nodes.filter((node) => node.channel === flags.channel)
}

export function show(nodes: Nodes, view: View): string {
  if (nodes.length === 0) return 'No nodes. Enrol one with a token: holotype node token NAME --channel CHANNEL\n'
  const columns = [
    { title: 'NODE', least: 12 },
    { title: 'CHANNEL' },
    { title: 'IMAGE', least: 16 },
    { title: 'STATE', least: 11 },
    { title: 'SEEN', least: 9 },
    { title: 'FINDINGS', align: 'right' },
    { title: 'LABELS' },
  ] as const
  const rows = nodes.map((node): readonly TableCell[] => [
    node.name,
    node.channel,
    imageInWords(node.imageName, node.image),
    stateCell(node, view),
    relativeTime(node.lastSeen, view.now),
    node.findings === 0 ? '0' : { text: String(node.findings), paint: view.paint.yellow },
    labelsInWords(node.labels),
  ])
  return renderTable(columns, rows, { ...(view.width === undefined ? {} : { width: view.width }), paint: view.paint })
}

/** Shape and word; the colour only helps. */
export function stateCell(
  node: { readonly lastOutcome: 'converged' | 'failed' | null; readonly flags: readonly string[] },
  { paint }: View,
): TableCell {
  const flags = node.flags.filter((flag) => flag !== 'failed')
  const words = (word: string) => [word, ...flags].join(', ')
  if (node.lastOutcome === null) return { text: words('· enrolled'), paint: paint.dim }
  if (node.lastOutcome === 'failed' || node.flags.includes('failed'))
    return { text: words('✗ failed'), paint: paint.red }
  return { text: words('✓ converged'), paint: paint.green }
}
