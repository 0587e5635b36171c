import '../styles/node.css'
import type { NodeDetail } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { nodeQuery, statusQuery } from '../api/queries.ts'
import { nodeState } from '../lib/fleet-query.ts'
import { imageMarks } from '../lib/marks.ts'
import { Ago } from '../ui/ago.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { useRowKeys } from '../ui/keys.ts'
import { Page, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { HELD, OUTCOME, StatusWord } from '../ui/word.tsx'
import { FindingTable } from './finding-table.tsx'
import { RunList } from './run-list.tsx'

/** One node: who it is, what it holds, how that differs from its image, what its agent did. */
export function NodePage() {
  const { node: id } = useParams({ from: '/nodes/$node' })
  const query = useQuery(nodeQuery(id))
  useRowKeys()
  return (
    <Page
      title={query.data === undefined ? 'Node' : <Text>{query.data.name}</Text>}
      name={query.data?.name ?? 'Node'}
      facts={query.data === undefined ? undefined : <State node={query.data} />}
      command={`holotype node show ${id}`}
      path={`nodes/${id}`}
    >
      <Loaded query={query} what="the node">
        {(node) => <Body node={node} />}
      </Loaded>
    </Page>
  )
}

function State({ node }: { readonly node: NodeDetail }) {
  return (
    <>
      <StatusWord of={OUTCOME[nodeState(node)]} />
      {node.flags.includes('held') ? <StatusWord of={HELD} /> : null}
    </>
  )
}

function Body({ node }: { readonly node: NodeDetail }) {
  return (
    <>
      <Identity node={node} />
      <Section
        title="Findings"
        aside={node.findings === 0 ? undefined : `${node.findings} against the baseline of its image`}
      >
        {node.findingList.length === 0 ? (
          <p className="quiet-line">
            {node.image === null
              ? 'It has no image to compare with yet.'
              : 'It holds what its image says, and nothing else.'}
          </p>
        ) : (
          <FindingTable findings={node.findingList} />
        )}
      </Section>
      <Section title="Runs" aside={node.runs.length === 0 ? undefined : `the newest ${node.runs.length}`}>
        {node.runs.length === 0 ? (
          <p className="quiet-line">Its agent has not reported a run yet.</p>
        ) : (
          <RunList runs={node.runs} />
        )}
      </Section>
    </>
  )
}

function Identity({ node }: { readonly node: NodeDetail }) {
  const mark = imageMarks(useQuery(statusQuery).data?.channels ?? [], [node.image])
  const labels = Object.entries(node.labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <dl className="facts">
      <div>
        <dt>Image</dt>
        <dd>
          <ImageName image={node.image} name={node.imageName} mark={mark(node.image)} copy />
        </dd>
      </div>
      <div>
        <dt>Channel</dt>
        <dd>
          <Text>{node.channel}</Text> <span className="muted">statement {node.statement}</span>
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          <Ago time={node.lastSeen} />
        </dd>
      </div>
      <div>
        <dt>Kernel</dt>
        <dd>{node.kernel === '' ? <span className="muted">not told</span> : <Text>{node.kernel}</Text>}</dd>
      </div>
      <div>
        <dt>Enrolled</dt>
        <dd>
          <Ago time={node.enrolled} />
        </dd>
      </div>
      <div>
        <dt>Identity</dt>
        <dd>
          <code className="node-id" title={node.node}>
            <Text>{node.node}</Text>
          </code>
          <CopyButton value={node.node} label="Copy the identity" />
        </dd>
      </div>
      <div>
        <dt>Labels</dt>
        <dd className="chips">
          {labels.length === 0 ? <span className="muted">none</span> : null}
          {labels.map(([key, value]) => (
            <Link key={key} to="/nodes" search={{ q: `${key}=${value}` }} title="All nodes with this label">
              <Text>{`${key}=${value}`}</Text>
            </Link>
          ))}
        </dd>
      </div>
      <div>
        <dt>Flags</dt>
        <dd className="chips">
          {node.flags.length === 0 ? <span className="muted">none</span> : null}
          {node.flags.map((flag) => (
            <Link key={flag} to="/nodes" search={{ q: `flag:${flag}` }} title="All nodes with this flag">
              <Text>{flag}</Text>
            </Link>
          ))}
        </dd>
      </div>
    </dl>
  )
}
