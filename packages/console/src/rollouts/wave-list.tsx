import type { WaveStatus } from '@holotype/server/api'
import { gateLines, waiting, waveMembers } from '../lib/gates.ts'
import { counted } from '../lib/format.ts'
import { Ago } from '../ui/ago.tsx'
import { Bar } from '../ui/bar.tsx'
import { Text } from '../ui/text.tsx'
import { StatusWord, VERDICT } from '../ui/word.tsx'

interface WaveListProps {
  readonly waves: readonly WaveStatus[]
  /** Without thresholds: for the first page. */
  readonly compact?: boolean
}

/** One row per wave: who, the gate before it, how far its nodes are. What is observed is told of gates that are still to pass. */
export function WaveList({ waves, compact = false }: WaveListProps) {
  return (
    <ol className={compact ? 'waves compact' : 'waves'}>
      {waves.map((wave, index) => (
        <li key={wave.name} className="wave">
          <div className="wave-who">
            <span className="wave-name">
              <span className="wave-number">{index + 1}</span> <Text>{wave.name}</Text>
            </span>
            <Text className="muted">{waveMembers(wave)}</Text>
          </div>
          <div className="wave-gate">
            <StatusWord of={VERDICT[wave.gate.verdict]} />
            {wave.open ? null : <Text className="wave-reason">{wave.gate.reason}</Text>}
            {compact ? null : <Gate wave={wave} first={index === 0} />}
          </div>
          <Progress wave={wave} />
        </li>
      ))}
    </ol>
  )
}

function Gate({ wave, first }: { readonly wave: WaveStatus; readonly first: boolean }) {
  // The first wave opens with the rollout: nothing was held against its gate.
  const lines = first ? [] : gateLines(wave.gate)
  return (
    <>
      {lines.length === 0 ? null : (
        <table className="gate">
          <thead>
            <tr>
              <th scope="col">Gate</th>
              <th scope="col">Threshold</th>
              {wave.open ? null : (
                <>
                  <th scope="col">Observed</th>
                  <th scope="col">Met</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.name}>
                <th scope="row">{line.name}</th>
                <td>{line.threshold}</td>
                {wave.open ? null : (
                  <>
                    <td>{line.observed}</td>
                    <td>{line.met ? 'yes' : 'not yet'}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <span className="muted wave-opened">
        {wave.open ? (
          <>
            opened <Ago time={wave.opened} never="at an unknown time" />
          </>
        ) : (
          'not open'
        )}
      </span>
    </>
  )
}

function Progress({ wave }: { readonly wave: WaveStatus }) {
  const left = waiting(wave)
  const parts = [
    { key: 'converged', count: wave.converged, tone: 'good', words: `${wave.converged} converged` },
    { key: 'failed', count: wave.failed, tone: 'bad', words: `${wave.failed} failed`, hatched: true },
    { key: 'waiting', count: left, tone: 'rest', words: `${left} ${wave.open ? 'waiting' : 'to come'}` },
  ]
  const shown = parts.filter((part) => part.count > 0)
  return (
    <div className="wave-progress">
      <Bar parts={parts} />
      <span className="wave-words">
        {wave.nodes === 0
          ? 'no nodes'
          : `${shown.map((part) => part.words).join(', ')} of ${counted(wave.nodes, 'node')}`}
      </span>
    </div>
  )
}
