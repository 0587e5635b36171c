import { useEffect, useRef } from 'react'
import type { BootUnit } from '../lib/boot.ts'
import { NEW_UNIT, StatusWord } from '../ui/word.tsx'
import { Text } from '../ui/text.tsx'

interface BootTableProps {
  readonly units: readonly BootUnit[]
  readonly added: ReadonlySet<string> | undefined
  readonly selected: string | undefined
  readonly onSelect: (unit: string) => void
}

/** The same as the drawing, in rows. */
export function BootTable({ units, added, selected, onSelect }: BootTableProps) {
  const place = useRef<HTMLTableSectionElement>(null)
  const drawn = useRef<string>(undefined)
  useEffect(() => {
    if (selected === drawn.current) return
    drawn.current = selected
    const row = place.current?.querySelector<HTMLElement>('[data-selected] button')
    row?.focus({ preventScroll: true })
    row?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div className="scroll-x" tabIndex={0} role="region" aria-label="The order of start, as a table">
      <table className="grid boot-table">
        <thead>
          <tr>
            <th scope="col" className="number">
              Step
            </th>
            <th scope="col">Unit</th>
            <th scope="col">Waits for</th>
            <th scope="col">Wanted by</th>
            <th scope="col">File</th>
          </tr>
        </thead>
        <tbody ref={place}>
          {units.map((unit) => (
            <tr key={unit.name} data-selected={unit.name === selected ? '' : undefined}>
              <td className="number">{unit.level + 1}</td>
              <th scope="row">
                <button type="button" className="link" onClick={() => onSelect(unit.name)}>
                  <Text>{unit.name}</Text>
                </button>{' '}
                {added?.has(unit.name) === true ? <StatusWord of={NEW_UNIT} /> : null}
                {unit.conditional ? <span className="muted"> on a condition</span> : null}
              </th>
              <td className="wrap">
                <Text>{unit.after.map((edge) => edge.unit).join(', ')}</Text>
              </td>
              <td className="wrap">
                <Text>{unit.pulledBy.map((edge) => edge.unit).join(', ')}</Text>
              </td>
              <td className="wrap">
                <Text>{unit.file}</Text>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
