import type { Rollout } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { rolloutQuery, statusQuery } from '../api/queries.ts'
import { counted } from '../lib/format.ts'
import { imageMarks } from '../lib/marks.ts'
import { Ago } from '../ui/ago.tsx'
import { DigestText } from '../ui/digest.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { useRowKeys } from '../ui/keys.ts'
import { Page, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { ROLLOUT, StatusWord } from '../ui/word.tsx'
import { totals } from './totals.ts'
import { WaveList } from './wave-list.tsx'

/** One rollout: what moves where, by whose word, and how far each wave is. */
export function RolloutPage() {
  const { rollout: id } = useParams({ from: '/rollouts/$rollout' })
  const query = useQuery(rolloutQuery(id))
  useRowKeys()
  return (
    <Page
      title={query.data === undefined ? 'Rollout' : <Title rollout={query.data} />}
      name={query.data === undefined ? 'Rollout' : `Rollout ${query.data.rollout}`}
      facts={query.data === undefined ? undefined : <StatusWord of={ROLLOUT[query.data.state]} />}
      command={`holotype rollout status ${id}`}
      path={`rollouts/${id}`}
    >
      <Loaded query={query} what="the rollout">
        {(rollout) => <Body rollout={rollout} />}
      </Loaded>
    </Page>
  )
}

function Title({ rollout }: { readonly rollout: Rollout }) {
  return (
    <>
      Rollout <Text>{rollout.rollout}</Text>
    </>
  )
}

function Body({ rollout }: { readonly rollout: Rollout }) {
  const sum = totals(rollout.waves)
  const mark = imageMarks(useQuery(statusQuery).data?.channels ?? [], [rollout.from, rollout.to])
  return (
    <>
      <dl className="facts">
        <div>
          <dt>Channel</dt>
          <dd>
            <Text>{rollout.channel}</Text> <span className="muted">statement {rollout.statement}</span>
          </dd>
        </div>
        <div>
          <dt>From</dt>
          <dd>
            <ImageName image={rollout.from} name={rollout.fromName} mark={mark(rollout.from)} copy />
          </dd>
        </div>
        <div>
          <dt>To</dt>
          <dd>
            <ImageName image={rollout.to} name={rollout.toName} mark={mark(rollout.to)} copy />
          </dd>
        </div>
        <div>
          <dt>Change</dt>
          <dd>
            {rollout.diff === null ? (
              <span className="muted">no diff was registered</span>
            ) : (
              <Link to="/diffs/$digest" params={{ digest: rollout.diff }} data-row="">
                See what changes
              </Link>
            )}
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Ago time={rollout.started} /> by <Text>{rollout.actor}</Text>
          </dd>
        </div>
        <div>
          <dt>Ended</dt>
          <dd>
            <Ago time={rollout.ended} never="still going" />
          </dd>
        </div>
        <div>
          <dt>Commit</dt>
          <dd>
            {rollout.commit === '' ? <span className="muted">none</span> : <DigestText digest={rollout.commit} />}
          </dd>
        </div>
        <div className="facts-long">
          <dt>Reason</dt>
          <dd>{rollout.reason === '' ? <span className="muted">none given</span> : <Text>{rollout.reason}</Text>}</dd>
        </div>
      </dl>
      <Section
        title="Waves"
        aside={
          <>
            {sum.converged} converged, {sum.failed} failed, {sum.waiting} waiting of{' '}
            <Link to="/nodes" search={{ q: `channel:${rollout.channel}` }}>
              {counted(sum.nodes, 'node')}
            </Link>
          </>
        }
      >
        <WaveList waves={rollout.waves} />
      </Section>
    </>
  )
}
