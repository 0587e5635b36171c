import { reducedEdges } from './reduce.ts'
import type { BootChart, BootOrder, BootUnit } from './types.ts'

/** Where each unit of a boot is drawn: a column for each step, and in it each near the middle of what it waits for. */
export function bootChart(order: BootOrder): BootChart {
  const edges = reducedEdges(order)
  const columns = arrange([...Map.groupBy(order.units, ({ level }) => level).values()], edges)
  return {
    order,
    columns: columns.map((units) => units.map(({ name }) => name)),
    lines: [...edges].flatMap(([name, after]) => after.map((other) => [other, name] as const)),
  }
}

/** Orders each column so that lines cross little: the barycentre rule (Sugiyama, Tagawa and Toda 1981). */
function arrange(
  columns: readonly (readonly BootUnit[])[],
  edges: ReadonlyMap<string, readonly string[]>,
): BootUnit[][] {
  const rows = new Map<string, number>()
  return columns.map((units) => {
    const middle = (name: string) => {
      const before = (edges.get(name) ?? []).flatMap((other) => rows.get(other) ?? [])
      return before.length === 0 ? 0 : before.reduce((sum, row) => sum + row, 0) / before.length
    }
    const sorted = units.toSorted((a, b) => middle(a.name) - middle(b.name))
    for (const [row, { name }] of sorted.entries()) rows.set(name, row)
    return sorted
  })
}
