import { bootChart } from './chart.ts'
import { escapeMarkup } from '../diff/html/markup.ts'
import type { BootOrder, BootUnit } from './types.ts'

/** Pixels. */
const BOX = { width: 230, height: 22, columnGap: 60, rowGap: 8, margin: 24, head: 34 } as const
/** Characters that fit into a box. */
const NAME_CHARACTERS = 33

/**
 * The boot as a picture (SVG 1.1, alone on its page): a column for each step, what is in one column can start in parallel; lines from each
 * thing to those that wait for it, where no other way says the same. `added` are drawn as new. Light and dark by the reader's setting.
 */
export function drawBoot(order: BootOrder, added: ReadonlySet<string> = new Set()): string {
  const { columns, lines } = bootChart(order)
  const places = new Map<string, { readonly x: number; readonly y: number }>()
  for (const [column, names] of columns.entries())
    for (const [row, name] of names.entries())
      places.set(name, {
        x: BOX.margin + column * (BOX.width + BOX.columnGap),
        y: BOX.margin + BOX.head + row * (BOX.height + BOX.rowGap),
      })
  const width = 2 * BOX.margin + columns.length * (BOX.width + BOX.columnGap) - BOX.columnGap
  const rows = Math.max(1, ...columns.map((names) => names.length))
  const height = 2 * BOX.margin + BOX.head + rows * (BOX.height + BOX.rowGap)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(`What starts at boot, up to ${order.goal}`)}">`,
    STYLE,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...columns.map((_names, column) => heading(column)),
    ...lines.map(([from, to]) => line(places, from, to)),
    ...order.units.map((unit) => box(unit, places, added)),
    '</svg>\n',
  ].join('\n')
}

const STYLE = `<style>
svg{--page:#fff;--ink:#1c2127;--quiet:#68727d;--box:#f3f5f7;--edge:#aab2bb;--goal:#0b6bcb;--new:#0a7d4b;font:12px system-ui,sans-serif}
@media(prefers-color-scheme:dark){svg{--page:#14181c;--ink:#e6e9ec;--quiet:#98a2ad;--box:#20262c;--edge:#56606b;--goal:#66b2ff;--new:#4cc38a}}
.page{fill:var(--page)}.box{fill:var(--box);stroke:var(--edge)}.target .box{stroke:var(--goal);stroke-width:1.5}.new .box{stroke:var(--new);stroke-width:2}
.conditional .box{stroke-dasharray:4 3}text{fill:var(--ink)}.step{fill:var(--quiet)}.edge{fill:none;stroke:var(--edge);stroke-opacity:.75}
</style>`

function heading(column: number): string {
  const x = BOX.margin + column * (BOX.width + BOX.columnGap)
  return `<text class="step" x="${x}" y="${BOX.margin + 12}">step ${column + 1}</text>`
}

function line(
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
  from: string,
  to: string,
): string {
  const [start, end] = [places.get(from), places.get(to)]
  if (start === undefined || end === undefined) return ''
  const [x1, y1] = [start.x + BOX.width, start.y + BOX.height / 2]
  const [x2, y2] = [end.x, end.y + BOX.height / 2]
  const bend = Math.max(30, (x2 - x1) / 2)
  return `<path class="edge" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`
}

function box(
  unit: BootUnit,
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
  added: ReadonlySet<string>,
): string {
  const { x, y } = places.get(unit.name) ?? { x: 0, y: 0 }
  const classes = [
    ...(unit.name.endsWith('.target') ? ['target'] : []),
    ...(added.has(unit.name) ? ['new'] : []),
    ...(unit.conditional ? ['conditional'] : []),
  ].join(' ')
  const shown = unit.name.length > NAME_CHARACTERS ? `${unit.name.slice(0, NAME_CHARACTERS - 1)}…` : unit.name
  const facts = [
    unit.name,
    unit.file,
    ...unit.pulledBy.map((edge) => `wanted by ${edge.unit} (${edge.why})`),
    ...unit.after.map((edge) => `after ${edge.unit} (${edge.why})`),
  ]
  return `<g class="${classes}"><title>${escapeMarkup(facts.join('\n'))}</title><rect class="box" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="4"/><text x="${x + 8}" y="${y + 15}">${escapeMarkup(shown)}</text></g>`
}
