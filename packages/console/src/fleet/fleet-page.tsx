import '../styles/fleet.css'
import type { NodeSummary } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useDeferredValue, useMemo } from 'react'
import { nodesQuery, statusQuery } from '../api/queries.ts'
import { fleetQuery } from '../lib/fleet-query.ts'
import { counted, whole } from '../lib/format.ts'
import { imageMarks } from '../lib/marks.ts'
import type { FleetSearch } from '../search.ts'
import { Choice } from '../ui/choice.tsx'
import { Page } from '../ui/page.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { FleetLegend } from './fleet-legend.tsx'
import { FleetMap } from './fleet-map.tsx'
import { FleetTable } from './fleet-table.tsx'
import { QueryHelp } from './query-help.tsx'

/** Every node, as a table and as a map; one query bar filters both. */
export function FleetPage() {
  const query = useQuery(nodesQuery)
  return (
    <Page
      title="Fleet"
      name="Fleet"
      facts={query.data === undefined ? undefined : <span>{counted(query.data.length, 'node')}</span>}
      command="holotype node list"
      path="nodes"
    >
      <Loaded query={query} what="the nodes">
        {(nodes) =>
          nodes.length === 0 ? (
            <Empty title="No node is enrolled yet." command="holotype node token NAME --channel CHANNEL">
              <p className="muted">The token lets one node enrol, once.</p>
            </Empty>
          ) : (
            <Fleet nodes={nodes} />
          )
        }
      </Loaded>
    </Page>
  )
}

function Fleet({ nodes }: { readonly nodes: readonly NodeSummary[] }) {
  const search = useSearch({ from: '/nodes' })
  const navigate = useNavigate({ from: '/nodes' })
  const channels = useQuery(statusQuery).data?.channels
  const compiled = useMemo(() => fleetQuery(search.q ?? ''), [search.q])
  const matches = useDeferredValue(compiled.matches)
  const shown = useMemo(() => nodes.filter(matches), [nodes, matches])
  const mark = useMemo(
    () =>
      imageMarks(
        channels ?? [],
        nodes.map((node) => node.image),
      ),
    [channels, nodes],
  )
  const labels = useMemo(() => labelNames(nodes), [nodes])
  const change = (part: FleetSearch): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
  const map = search.view === 'map'

  return (
    <>
      <div className="toolbar">
        <SearchField
          label="Filter the nodes"
          placeholder="site=fra1  image:web  findings:>0  state:failed  any text"
          value={search.q ?? ''}
          onChange={(q) => change({ q, sel: undefined })}
          describedBy="fleet-problems"
        >
          <QueryHelp />
        </SearchField>
        <Choice
          legend="Draw as"
          value={map ? 'map' : 'table'}
          options={[
            { value: 'table', label: 'Table' },
            { value: 'map', label: 'Map' },
          ]}
          onChange={(view) => change({ view: view === 'map' ? 'map' : undefined })}
        />
        {map && labels.length > 0 ? (
          <label className="field">
            <span>Group by</span>
            <select
              value={search.group ?? ''}
              onChange={(event) => change({ group: event.currentTarget.value || undefined })}
            >
              <option value="">nothing</option>
              {labels.map((label) => (
                <option key={label} value={label}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        <span className="toolbar-count" aria-live="polite">
          {shown.length === nodes.length
            ? `all ${whole(nodes.length)}`
            : `${whole(shown.length)} of ${whole(nodes.length)}`}
        </span>
      </div>
      <p id="fleet-problems" className="problems" role="status">
        {compiled.problems.join('. ')}
      </p>
      <FleetLegend nodes={shown} mark={mark} query={search.q ?? ''} onFilter={(q) => change({ q })} map={map} />
      {map ? <FleetMap nodes={shown} mark={mark} group={search.group} /> : null}
      {shown.length === 0 ? (
        <Empty title="No node matches.">
          <button type="button" className="button" onClick={() => change({ q: undefined })}>
            Show all nodes
          </button>
        </Empty>
      ) : (
        <FleetTable
          nodes={shown}
          mark={mark}
          sort={search.sort}
          selected={search.sel}
          onSort={(sort) => change({ sort })}
          onSelect={(sel) => change({ sel })}
        />
      )}
    </>
  )
}

/** The labels any node has. */
function labelNames(nodes: readonly NodeSummary[]): readonly string[] {
  return [...new Set(nodes.flatMap((node) => Object.keys(node.labels)))].sort()
}
