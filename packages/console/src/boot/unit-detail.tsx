import type { Boot } from '@holotype/server/api'
import { type BootUnit, waitersOf } from '../lib/boot.ts'
import { commandLine } from '../lib/command.ts'
import { counted } from '../lib/format.ts'
import { LONG_LIST } from '../limits.ts'
import { CommandLine } from '../ui/command-line.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { FirstOf } from '../ui/first-of.tsx'
import { Text } from '../ui/text.tsx'
import { NEW_UNIT, StatusWord } from '../ui/word.tsx'

interface UnitDetailProps {
  readonly image: string
  readonly boot: Boot
  readonly unit: BootUnit
  readonly added: ReadonlySet<string> | undefined
  readonly onSelect: (unit: string | undefined) => void
}

/** One unit: its file, what it waits for, what waits for it, who wants it; each with its reason. */
export function UnitDetail({ image, boot, unit, added, onSelect }: UnitDetailProps) {
  const known = new Set(boot.order.units.map(({ name }) => name))
  const edges = (title: string, list: BootUnit['after']) => (
    <Edges title={title} edges={list} known={known} onSelect={onSelect} />
  )
  return (
    <aside className="detail" aria-label="The selected unit">
      <header className="detail-head">
        <h2>
          <Text>{unit.name}</Text>
        </h2>
        <CopyButton value={unit.name} label="Copy the name" />
        <button type="button" className="button quiet" aria-label="Close" onClick={() => onSelect(undefined)}>
          ✕
        </button>
      </header>
      <div className="detail-body">
        <dl className="detail-facts">
          <dt>Starts</dt>
          <dd>
            in step {unit.level + 1} of {boot.columns.length}
            {unit.conditional ? ', unless a condition of its own leaves it out' : null}{' '}
            {added?.has(unit.name) === true ? <StatusWord of={NEW_UNIT} /> : null}
          </dd>
          <dt>File</dt>
          <dd>
            <code>
              <Text>{unit.file}</Text>
            </code>{' '}
            <CopyButton value={unit.file} label="Copy the path" />
          </dd>
        </dl>
        <p className="say">
          <CommandLine
            command={commandLine(['holotype', 'image', 'explain', image, unit.file])}
            digest={image}
            what="says whose file it is"
          />
        </p>
        {edges('Waits for', unit.after)}
        {edges('Waiting for it', waitersOf(boot, unit.name))}
        {edges('Wanted by', unit.pulledBy)}
      </div>
    </aside>
  )
}

interface EdgesProps {
  readonly title: string
  readonly edges: BootUnit['after']
  readonly known: ReadonlySet<string>
  readonly onSelect: (unit: string) => void
}

function Edges({ title, edges, known, onSelect }: EdgesProps) {
  if (edges.length === 0) return null
  return (
    <section aria-label={title}>
      <h3>
        {title} <span className="muted">{counted(edges.length, 'unit')}</span>
      </h3>
      <FirstOf all={edges} count={LONG_LIST} noun="unit">
        {(shown) => (
          <ul className="edges">
            {shown.map(({ unit, why }) => (
              <li key={`${unit} ${why}`}>
                {known.has(unit) ? (
                  <button type="button" className="link" onClick={() => onSelect(unit)}>
                    <Text>{unit}</Text>
                  </button>
                ) : (
                  <Text>{unit}</Text>
                )}{' '}
                <span className="muted">
                  <Text>{why}</Text>
                </span>
              </li>
            ))}
          </ul>
        )}
      </FirstOf>
    </section>
  )
}
