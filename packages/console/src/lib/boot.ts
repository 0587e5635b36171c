import type { Boot } from '@holotype/server/api'

/** What starts at boot, for drawing and for comparing. Pure: columns and lines come with the data. */

export type BootUnit = Boot['order']['units'][number]

/** Pixels. The box is as `styles/boot.css` has it. */
export const BOX = { width: 220, height: 26, columnGap: 64, rowGap: 6, head: 26 } as const

interface Place {
  readonly x: number
  readonly y: number
}

interface BootLine {
  readonly from: string
  readonly to: string
  /** An SVG path. */
  readonly path: string
}

interface BootDrawing {
  readonly width: number
  readonly height: number
  readonly places: ReadonlyMap<string, Place>
  readonly lines: readonly BootLine[]
}

/** Where each unit and each line goes. */
export function drawingOf({ columns, lines }: Pick<Boot, 'columns' | 'lines'>): BootDrawing {
  const places = new Map(
    columns.flatMap((names, column) =>
      names.map((name, row) => [
        name,
        { x: column * (BOX.width + BOX.columnGap), y: BOX.head + row * (BOX.height + BOX.rowGap) },
      ]),
    ),
  )
  const rows = Math.max(0, ...columns.map((names) => names.length))
  return {
    width: Math.max(0, columns.length * (BOX.width + BOX.columnGap) - BOX.columnGap),
    height: BOX.head + rows * (BOX.height + BOX.rowGap),
    places,
    lines: lines.flatMap(([from, to]) => {
      const [start, end] = [places.get(from), places.get(to)]
      return start === undefined || end === undefined ? [] : [{ from, to, path: curve(start, end) }]
    }),
  }
}

function curve(start: Place, end: Place): string {
  const [x1, y1] = [start.x + BOX.width, start.y + BOX.height / 2]
  const [x2, y2] = [end.x, end.y + BOX.height / 2]
  const bend = Math.max(24, (x2 - x1) / 2)
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

/** What differs from another image's boot. */
export interface BootDifference {
  readonly added: ReadonlySet<string>
  readonly removed: readonly string[]
  /** Orders between units that both start: `UNIT after UNIT`. */
  readonly orderAdded: readonly string[]
  readonly orderRemoved: readonly string[]
}

/** Compares two boots; null is an image of which nothing starts. What comes with a new unit is no change of order. */
export function bootDifference(before: Boot | null, after: Boot | null): BootDifference {
  const [old, young] = [namesOf(before), namesOf(after)]
  const [oldOrders, youngOrders] = [ordersOf(before, young), ordersOf(after, old)]
  return {
    added: young.difference(old),
    removed: [...old.difference(young)].toSorted(),
    orderAdded: [...youngOrders.difference(oldOrders)].toSorted(),
    orderRemoved: [...oldOrders.difference(youngOrders)].toSorted(),
  }
}

function namesOf(boot: Boot | null): ReadonlySet<string> {
  return new Set(boot?.order.units.map(({ name }) => name))
}

function ordersOf(boot: Boot | null, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    boot?.order.units.flatMap(({ name, after }) =>
      after.flatMap(({ unit }) => (others.has(name) && others.has(unit) ? [`${name} after ${unit}`] : [])),
    ),
  )
}

/** What waits for a unit, and why. */
export function waitersOf({ order }: Pick<Boot, 'order'>, name: string): BootUnit['after'] {
  return order.units.flatMap((unit) =>
    unit.after.filter((edge) => edge.unit === name).map(({ why }) => ({ unit: unit.name, why })),
  )
}

/** The units whose name or file holds every word of a query. */
export function filterUnits(units: readonly BootUnit[], q: string | undefined): readonly BootUnit[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return words.length === 0
    ? units
    : units.filter(({ name, file }) => words.every((word) => `${name}\n${file}`.toLowerCase().includes(word)))
}
