import type { Painter } from './colour.ts'
import { displayWidth, pad, truncate } from './width.ts'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Columns this column is never cut below when the table is too wide. Default: 8. */
  readonly least?: number
}

/** A cell's plain text, or the text with what paints it once it has been cut and filled. */
export type TableCell = string | { readonly text: string; readonly paint: (text: string) => string }

export interface TableOptions {
  /** Columns of the terminal: the widest columns are cut with `…` until a line fits. Default: as wide as the content. */
  readonly width?: number
  readonly paint?: Painter
  /** Spaces before each line. */
  readonly indent?: number
}

const GAP = 2
const LEAST = 8

/**
 * A text table: one line of titles, one line per row, two spaces between columns, no trailing spaces, each line ended by `\n`.
 * Line breaks within a cell become spaces. A table without rows is the empty string: the caller says in words what is not there.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  options: TableOptions = {},
): string {
  if (rows.length === 0) return ''
  const indent = ' '.repeat(options.indent ?? 0)
  const widths = columnWidths(columns, rows, (options.width ?? Number.POSITIVE_INFINITY) - indent.length)
  const line = (cells: readonly TableCell[]) =>
    `${indent}${columns.map((column, index) => renderCell(cells[index] ?? '', column, widths[index] ?? 0, index === columns.length - 1)).join(' '.repeat(GAP))}`.trimEnd()
  const dim = options.paint?.dim ?? ((text: string) => text)
  const titles = line(columns.map((column) => ({ text: column.title, paint: dim })))
  return `${[titles, ...rows.map(line)].join('\n')}\n`
}

function renderCell(cell: TableCell, column: TableColumn, width: number, last: boolean): string {
  const text = truncate(plain(cell), width)
  const painted = typeof cell === 'string' ? text : cell.paint(text)
  const align = column.align ?? 'left'
  if (last && align === 'left') return painted
  // Filling is by the text's own width: what paints it adds no columns.
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'left' ? painted + fill : fill + painted
}

function plain(cell: TableCell): string {
  return (typeof cell === 'string' ? cell : cell.text).replace(/\s*[\r\n]\s*/g, ' ')
}

function columnWidths(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  room: number,
): number[] {
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(plain(row[index] ?? '')))),
  )
  const least = columns.map((column, index) => Math.min(column.least ?? LEAST, widths[index] ?? 0))
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1) - room
  while (excess > 0) {
    const widest = widestOf(widths, least)
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
    excess--
  }
  return widths
}

function widestOf(widths: readonly number[], least: readonly number[]): number | undefined {
  let widest: number | undefined
  for (const [index, width] of widths.entries()) {
    if (width <= (least[index] ?? 0)) continue
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index
  }
  return widest
}

/** Names and values in two columns, for one thing's details: `name   value`. Same rules as {@link renderTable}. */
export function renderPairs(pairs: readonly (readonly [name: string, value: string])[], paint?: Painter): string {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)))
  const dim = paint?.dim ?? ((text: string) => text)
  return pairs
    .map(([name, value]) => `${dim(pad(name, width))}  ${value}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}
