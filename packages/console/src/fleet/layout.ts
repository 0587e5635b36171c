import type { NodeSummary } from '@holotype/server/api'

/** Where each cell of the map goes. Pure. */

export interface MapGroup {
  /** Empty when the map is not grouped. */
  readonly name: string
  readonly nodes: readonly NodeSummary[]
  /** Pixels from the top of the map to the group's first row of cells. */
  readonly top: number
}

export interface MapLayout {
  /** Pixels from one cell to the next; a cell is two smaller. */
  readonly step: number
  readonly columns: number
  readonly groups: readonly MapGroup[]
  /** Pixels. */
  readonly height: number
}

/** Pixels above a group's cells, for its name. */
export const GROUP_HEAD = 22
const GROUP_GAP = 8

/** Cells shrink as nodes grow: 6 are easy to hit, 100,000 still fit on a few screens. */
export function stepFor(nodes: number): number {
  if (nodes <= 60) return 26
  if (nodes <= 600) return 18
  if (nodes <= 6_000) return 12
  return 8
}

/** Lays nodes out in rows of a given width, group by group in name order; nodes without the label come last. */
export function layOut(nodes: readonly NodeSummary[], width: number, group: string | undefined): MapLayout {
  const step = stepFor(nodes.length)
  const columns = Math.max(1, Math.floor(width / step))
  const byName = new Map<string, NodeSummary[]>()
  for (const node of nodes) {
    const name =
      group === undefined ? '' : Object.hasOwn(node.labels, group) ? (node.labels[group] ?? '') : `no ${group}`
    const members = byName.get(name)
    if (members === undefined) byName.set(name, [node])
    else members.push(node)
  }
  const groups: MapGroup[] = []
  let top = 0
  const missing = `no ${group}`
  const names = [...byName.keys()].sort(
    (left, right) => Number(left === missing) - Number(right === missing) || (left < right ? -1 : 1),
  )
  for (const name of names) {
    const members = byName.get(name) ?? []
    if (group !== undefined) top += GROUP_HEAD
    groups.push({ name, nodes: members, top })
    top += Math.ceil(members.length / columns) * step + (group === undefined ? 0 : GROUP_GAP)
  }
  return { step, columns, groups, height: Math.max(top, step) }
}

/** The node whose cell covers a point of the map, or none. The inverse of the drawing. */
export function nodeAt(layout: MapLayout, x: number, y: number): NodeSummary | undefined {
  const column = Math.floor(x / layout.step)
  if (column < 0 || column >= layout.columns) return undefined
  const group = layout.groups.findLast((each) => each.top <= y)
  if (group === undefined) return undefined
  return group.nodes[Math.floor((y - group.top) / layout.step) * layout.columns + column]
}
