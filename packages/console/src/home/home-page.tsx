import '../styles/home.css'
import type { Status } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { statusQuery } from '../api/queries.ts'
import { counted } from '../lib/format.ts'
import { imageMarks } from '../lib/marks.ts'
import { useRowKeys } from '../ui/keys.ts'
import { Page, Section } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { AttentionList } from './attention-list.tsx'
import { ChannelBlock } from './channel-block.tsx'
import { Checked } from './checked.tsx'

/** Does anything need me? Then: where every channel stands. */
export function HomePage() {
  const query = useQuery(statusQuery)
  useRowKeys()
  const needs = query.data?.attention.length
  return (
    <Page
      title={
        needs === undefined
          ? 'Home'
          : needs === 0
            ? 'Nothing needs you'
            : `${counted(needs, 'thing')} ${needs === 1 ? 'needs' : 'need'} you`
      }
      name="Home"
      facts={query.data === undefined ? undefined : <Totals status={query.data} />}
      command="holotype status"
      path="status"
    >
      <Loaded query={query} what="the state of the fleet">
        {(status) => <Overview status={status} />}
      </Loaded>
    </Page>
  )
}

function Totals({ status }: { readonly status: Status }) {
  return (
    <>
      <Link to="/nodes">{counted(status.nodes, 'node')}</Link>
      <Link to="/nodes" search={{ q: 'findings:>0' }}>
        {counted(status.findings, 'finding')}
      </Link>
    </>
  )
}

function Overview({ status }: { readonly status: Status }) {
  const marks = imageMarks(status.channels)
  return (
    <>
      <AttentionList attention={status.attention} />
      <Checked checked={status.checked} />
      <Section title="Channels">
        {status.channels.length === 0 ? (
          <Empty title="No channel has a statement yet." command="holotype rollout start CHANNEL" />
        ) : (
          status.channels.map((channel) => <ChannelBlock key={channel.channel} channel={channel} marks={marks} />)
        )}
      </Section>
    </>
  )
}
