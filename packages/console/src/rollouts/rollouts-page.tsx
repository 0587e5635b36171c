import type { Rollout } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { rolloutsQuery } from '../api/queries.ts'
import { counted } from '../lib/format.ts'
import { Ago } from '../ui/ago.tsx'
import { Bar } from '../ui/bar.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { useRowKeys } from '../ui/keys.ts'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { ROLLOUT, StatusWord } from '../ui/word.tsx'
import { totals } from './totals.ts'

/** All rollouts, newest first. */
export function RolloutsPage() {
  const query = useQuery(rolloutsQuery)
  useRowKeys()
  const running = query.data?.filter((rollout) => rollout.state === 'running').length
  return (
    <Page
      title="Rollouts"
      name="Rollouts"
      facts={running === undefined ? undefined : <span>{running} running</span>}
      command="holotype rollout status"
      path="rollouts"
    >
      <Loaded query={query} what="the rollouts">
        {(rollouts) =>
          rollouts.length === 0 ? (
            <Empty title="There was no rollout yet." command="holotype rollout start CHANNEL" />
          ) : (
            <RolloutTable rollouts={rollouts} />
          )
        }
      </Loaded>
    </Page>
  )
}

function RolloutTable({ rollouts }: { readonly rollouts: readonly Rollout[] }) {
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">Rollout</th>
          <th scope="col">State</th>
          <th scope="col" className="wide">
            Channel
          </th>
          <th scope="col" className="wide">
            From
          </th>
          <th scope="col" className="wide">
            To
          </th>
          <th scope="col">Nodes</th>
          <th scope="col" className="wide">
            By
          </th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {rollouts.map((rollout) => (
          <tr key={rollout.rollout}>
            <th scope="row">
              <Link to="/rollouts/$rollout" params={{ rollout: rollout.rollout }} data-row="">
                <Text>{rollout.rollout}</Text>
              </Link>
            </th>
            <td>
              <StatusWord of={ROLLOUT[rollout.state]} />
            </td>
            <td className="wide">
              <Text>{rollout.channel}</Text>
            </td>
            <td className="wide">
              <ImageName image={rollout.from} name={rollout.fromName} />
            </td>
            <td className="wide">
              <ImageName image={rollout.to} name={rollout.toName} />
            </td>
            <td>
              <Share rollout={rollout} />
            </td>
            <td className="wide">
              <Text>{rollout.actor}</Text>
            </td>
            <td>
              <Ago time={rollout.started} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Share({ rollout }: { readonly rollout: Rollout }) {
  const sum = totals(rollout.waves)
  const words = `${sum.converged} of ${counted(sum.nodes, 'node')}`
  return (
    <span className="inline-bar">
      <Bar
        parts={[
          { key: 'converged', count: sum.converged, tone: 'good', words: `${sum.converged} converged` },
          { key: 'failed', count: sum.failed, tone: 'bad', words: `${sum.failed} failed`, hatched: true },
          { key: 'waiting', count: sum.waiting, tone: 'rest', words: `${sum.waiting} waiting` },
        ]}
      />
      <span>{sum.failed > 0 ? `${words}, ${sum.failed} failed` : words}</span>
    </span>
  )
}
