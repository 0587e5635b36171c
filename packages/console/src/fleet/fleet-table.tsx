import type { NodeSummary } from '@holotype/server/api'
import { useMediaQuery } from '@mantine/hooks'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTable } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import type { ImageMark } from '../lib/marks.ts'
import { useKeys } from '../ui/keys.ts'
import { Text } from '../ui/text.tsx'
import { useOffset } from '../ui/use-offset.ts'
import { COLUMN_NAMES, columns, drawCell, features, WIDE_COLUMNS } from './columns.tsx'

interface FleetTableProps {
  readonly nodes: readonly NodeSummary[]
  readonly mark: (image: string | null) => ImageMark
  /** A column's name, `-` in front for descending. */
  readonly sort: string | undefined
  readonly selected: string | undefined
  readonly onSort: (sort: string | undefined) => void
  readonly onSelect: (node: string) => void
}

/** Pixels; `styles/fleet.css` has the same. On a narrow screen a row is two lines. */
const ROW_HEIGHT = 30
const NARROW_ROW_HEIGHT = 54
const NARROW = '(max-width: 800px)'

/** The nodes, sorted; only the rows in sight are drawn. */
export function FleetTable({ nodes, mark, sort, selected, onSort, onSelect }: FleetTableProps) {
  const [place, offset] = useOffset<HTMLDivElement>()
  const navigate = useNavigate()
  const sorting = useMemo(() => {
    const id = (sort ?? 'name').replace(/^-/, '')
    return [{ id, desc: sort?.startsWith('-') ?? false }]
  }, [sort])
  const known = sorting.filter((each) => COLUMN_NAMES.has(each.id))
  const rowsOf = useMemo(() => [...nodes], [nodes])
  const table = useTable({ features, columns, data: rowsOf, state: { sorting: known }, getRowId: (node) => node.node })
  const rows = table.getRowModel().rows
  const height = useMediaQuery(NARROW) ? NARROW_ROW_HEIGHT : ROW_HEIGHT
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height is the reason to measure
  useEffect(() => virtual.measure(), [height, virtual])
  const items = virtual.getVirtualItems()
  const at = rows.findIndex((row) => row.id === selected)
  const focusSelected = useRef(false)

  const move = (by: number): void => {
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]
    if (next === undefined) return
    focusSelected.current = true
    onSelect(next.id)
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: (event) => {
      const target = event.target
      if (target instanceof HTMLElement && target.closest('a, button, input, select') !== null) {
        target.click()
      } else if (selected !== undefined && at >= 0) {
        void navigate({ to: '/nodes/$node', params: { node: selected } })
      }
    },
  })
  useEffect(() => {
    if (!focusSelected.current || at < 0) return
    virtual.scrollToIndex(at, { align: 'auto' })
    const link = place.current?.querySelector<HTMLElement>('[data-selected] a')
    if (link === null || link === undefined) return
    focusSelected.current = false
    link.focus({ preventScroll: true })
  })

  const first = items[0]
  const last = items.at(-1)
  const above = first === undefined ? 0 : first.start - offset
  const below = last === undefined ? 0 : virtual.getTotalSize() - (last.end - offset)
  const headers = table.getHeaderGroups()[0]?.headers ?? []

  return (
    <div ref={place}>
      <table className="grid fleet" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {headers.map((header) => {
              const name = header.column.id
              const active = known.find((each) => each.id === name)
              const direction = active === undefined ? 'none' : active.desc ? 'descending' : 'ascending'
              return (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={direction}
                  className={`col-${name}${WIDE_COLUMNS.has(name) ? ' wide' : ''}`}
                >
                  <button type="button" className="sort" onClick={() => onSort(nextSort(name, active?.desc))}>
                    {String(header.column.columnDef.header)}
                    <span aria-hidden="true">{active === undefined ? '' : active.desc ? ' ↓' : ' ↑'}</span>
                  </button>
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {above > 0 ? <Spacer height={above} /> : null}
          {items.map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            const node = row.original
            const isSelected = row.id === selected
            return (
              <tr key={row.id} aria-rowindex={item.index + 2} data-selected={isSelected ? '' : undefined}>
                {headers.map((header) => {
                  const name = header.column.id
                  if (name === 'name') {
                    return (
                      <th key={name} scope="row">
                        <Link to="/nodes/$node" params={{ node: node.node }}>
                          <Text>{node.name}</Text>
                        </Link>
                      </th>
                    )
                  }
                  return (
                    <td key={name} className={WIDE_COLUMNS.has(name) ? 'wide' : undefined}>
                      {drawCell(name, node, mark)}
                    </td>
                  )
                })}
              </tr>
            )
          })}
          {below > 0 ? <Spacer height={below} /> : null}
        </tbody>
      </table>
    </div>
  )
}

/** Stands for the rows out of sight. */
function Spacer({ height }: { readonly height: number }) {
  return (
    <tr aria-hidden="true" className="spacer">
      <td style={{ height }} />
    </tr>
  )
}

/** Ascending, descending, and back to the order by name; numbers begin with the largest. */
function nextSort(name: string, descending: boolean | undefined): string | undefined {
  const descendingFirst = name === 'findings' || name === 'seen'
  if (descending === undefined) return descendingFirst ? `-${name}` : name
  if (descending === descendingFirst) return descendingFirst ? name : `-${name}`
  return undefined
}
