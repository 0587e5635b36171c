import type { Boot } from '@holotype/server/api'
import { useEffect, useMemo, useRef } from 'react'
import { BOX, type BootUnit, drawingOf } from '../lib/boot.ts'
import { visible } from '../lib/visible.ts'
import { Text } from '../ui/text.tsx'

interface BootGraphProps {
  readonly boot: Boot
  readonly shown: readonly BootUnit[]
  readonly added: ReadonlySet<string> | undefined
  readonly selected: string | undefined
  readonly onSelect: (unit: string | undefined) => void
}

/** The units in columns by step, lines between them. Boxes are buttons: the table beside it says the same in rows. */
export function BootGraph({ boot, shown, added, selected, onSelect }: BootGraphProps) {
  const drawing = useMemo(() => drawingOf(boot), [boot])
  const matching = useMemo(() => new Set(shown.map(({ name }) => name)), [shown])
  const near = useMemo(() => neighbours(boot, selected), [boot, selected])
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<string>(undefined)
  useEffect(() => {
    if (selected === drawn.current) return
    drawn.current = selected
    const box = place.current?.querySelector<HTMLElement>('[aria-pressed="true"]')
    box?.focus({ preventScroll: true })
    box?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [selected])
  return (
    <div className="boot-scroll" role="region" aria-label="The order of start, drawn" ref={place}>
      <div
        className={selected === undefined ? 'boot-graph' : 'boot-graph chosen'}
        style={{ width: drawing.width, height: drawing.height }}
      >
        <svg width={drawing.width} height={drawing.height} aria-hidden="true">
          {drawing.lines.map(({ from, to, path }) => (
            <path
              key={`${from} ${to}`}
              d={path}
              className={from === selected ? 'line out' : to === selected ? 'line in' : 'line'}
            />
          ))}
        </svg>
        {boot.columns.map((names, column) => (
          <span key={names[0] ?? column} className="boot-step" style={{ left: column * (BOX.width + BOX.columnGap) }}>
            step {column + 1}
          </span>
        ))}
        {boot.order.units.map((unit) => {
          const at = drawing.places.get(unit.name)
          return at === undefined ? null : (
            <button
              key={unit.name}
              type="button"
              title={visible(unit.name)}
              aria-pressed={unit.name === selected}
              className={boxClass(unit, { matching, near, isNew: added?.has(unit.name) === true })}
              style={{ left: at.x, top: at.y }}
              onClick={() => onSelect(unit.name === selected ? undefined : unit.name)}
            >
              {added?.has(unit.name) === true ? <span className="boot-new">new</span> : null}
              <Text>{unit.name}</Text>
            </button>
          )
        })}
      </div>
    </div>
  )
}

interface BoxFacts {
  readonly matching: ReadonlySet<string>
  readonly near: ReadonlySet<string>
  readonly isNew: boolean
}

function boxClass(unit: BootUnit, { matching, near, isNew }: BoxFacts): string {
  return [
    'boot-box',
    ...(unit.name.endsWith('.target') ? ['target'] : []),
    ...(unit.conditional ? ['conditional'] : []),
    ...(isNew ? ['new'] : []),
    ...(near.has(unit.name) ? ['near'] : []),
    ...(matching.has(unit.name) ? [] : ['other']),
  ].join(' ')
}

/** The selected unit, what it waits for directly, and what waits directly for it. */
function neighbours({ lines }: Pick<Boot, 'lines'>, selected: string | undefined): ReadonlySet<string> {
  if (selected === undefined) return new Set()
  return new Set([
    selected,
    ...lines.flatMap(([from, to]) => (from === selected ? [to] : to === selected ? [from] : [])),
  ])
}
