import type { NodeSummary } from '@holotype/server/api'
import { createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures } from '@tanstack/react-table'
import type { ReactNode } from 'react'
import { nodeState } from '../lib/fleet-query.ts'
import type { ImageMark } from '../lib/marks.ts'
import { Ago } from '../ui/ago.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { ShapeIcon } from '../ui/shape.tsx'
import { Text } from '../ui/text.tsx'
import { OUTCOME, StatusWord } from '../ui/word.tsx'

/** The fleet's columns: what they sort by. How they are drawn is in {@link drawCell}. */

export const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() })

const column = createColumnHelper<typeof features, NodeSummary>()
const text = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
const STATES = ['failed', 'new', 'converged'] as const

export const columns = column.columns([
  column.accessor('name', {
    header: 'Node',
    sortFn: (left, right) => left.original.name.localeCompare(right.original.name, 'en', { numeric: true }),
  }),
  column.accessor((node) => STATES.indexOf(nodeState(node)), {
    id: 'state',
    header: 'Last run',
    sortFn: (left, right) => STATES.indexOf(nodeState(left.original)) - STATES.indexOf(nodeState(right.original)),
  }),
  column.accessor((node) => node.image ?? '', {
    id: 'image',
    header: 'Image',
    sortFn: (left, right) =>
      text(`${left.original.imageName} ${left.original.image}`, `${right.original.imageName} ${right.original.image}`),
  }),
  column.accessor('findings', {
    header: 'Findings',
    sortDescFirst: true,
    sortFn: (left, right) => left.original.findings - right.original.findings,
  }),
  column.accessor('channel', {
    header: 'Channel',
    sortFn: (left, right) => text(left.original.channel, right.original.channel),
  }),
  column.accessor((node) => labelText(node), {
    id: 'labels',
    header: 'Labels',
    sortFn: (left, right) => text(labelText(left.original), labelText(right.original)),
  }),
  column.accessor('kernel', {
    header: 'Kernel',
    sortFn: (left, right) => text(left.original.kernel, right.original.kernel),
  }),
  column.accessor((node) => node.lastSeen ?? '', {
    id: 'seen',
    header: 'Last seen',
    sortFn: (left, right) => text(left.original.lastSeen ?? '', right.original.lastSeen ?? ''),
  }),
])

/** What `sort` in the address may name. */
export const COLUMN_NAMES: ReadonlySet<string> = new Set([
  'name',
  'state',
  'image',
  'findings',
  'channel',
  'labels',
  'kernel',
  'seen',
])

/** Columns a narrow screen leaves out; the node's page has them all. */
export const WIDE_COLUMNS: ReadonlySet<string> = new Set(['channel', 'labels', 'kernel', 'seen'])

/** Draws one cell by its column's name; the first column is drawn by the table, which knows what is selected. */
export function drawCell(name: string, node: NodeSummary, mark: (image: string | null) => ImageMark): ReactNode {
  switch (name) {
    case 'state':
      return (
        <>
          <StatusWord of={OUTCOME[nodeState(node)]} />
          {node.flags.includes('held') ? <span className="muted"> held</span> : null}
        </>
      )
    case 'image':
      return <ImageName image={node.image} name={node.imageName} mark={mark(node.image)} />
    case 'findings':
      return node.findings === 0 ? (
        <span className="muted">0</span>
      ) : (
        <span className="status-word">
          <ShapeIcon shape="triangle" tone="warn" />
          <span>{node.findings}</span>
        </span>
      )
    case 'channel':
      return <Text>{node.channel}</Text>
    case 'labels':
      return <Text className="labels">{labelText(node)}</Text>
    case 'kernel':
      return <Text>{node.kernel}</Text>
    default:
      return <Ago time={node.lastSeen} />
  }
}

function labelText(node: NodeSummary): string {
  return Object.entries(node.labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')
}
