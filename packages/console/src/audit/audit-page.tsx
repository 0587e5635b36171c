import '../styles/audit.css'
import type { AuditRecord } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useDeferredValue, useMemo } from 'react'
import { auditQuery } from '../api/queries.ts'
import { counted, shortDigest, whole } from '../lib/format.ts'
import { utc } from '../lib/time.ts'
import { Page } from '../ui/page.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { useOffset } from '../ui/use-offset.ts'

/** Every decision: who, what, why, from which commit. */
export function AuditPage() {
  const query = useQuery(auditQuery)
  return (
    <Page
      title="Audit log"
      name="Audit log"
      facts={query.data === undefined ? undefined : <span>{counted(query.data.length, 'record')}</span>}
      command="holotype audit log"
      path="audit"
    >
      <Loaded query={query} what="the audit log">
        {(records) =>
          records.length === 0 ? (
            <Empty title="Nothing was decided yet." command="holotype apply" />
          ) : (
            <Records records={records} />
          )
        }
      </Loaded>
    </Page>
  )
}

/** Pixels; `styles/audit.css` has the same. */
const ROW_HEIGHT = 30

function Records({ records }: { readonly records: readonly AuditRecord[] }) {
  const search = useSearch({ from: '/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const words = useDeferredValue(search.q ?? '')
  const shown = useMemo(() => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
    return records.filter((record) => {
      const text =
        `${record.time} ${record.actor} ${record.action} ${record.subject} ${record.reason} ${record.commit}`.toLowerCase()
      return wanted.every((word) => text.includes(word))
    })
  }, [records, words])
  const [place, offset] = useOffset<HTMLDivElement>()
  const virtual = useWindowVirtualizer({
    count: shown.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 15,
    scrollMargin: offset,
  })
  const items = virtual.getVirtualItems()
  const above = (items[0]?.start ?? offset) - offset
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset)
  return (
    <>
      <div className="toolbar">
        <SearchField
          label="Filter the audit log"
          placeholder="who, what, why, commit"
          value={search.q ?? ''}
          onChange={(q) => void navigate({ search: { q }, replace: true, resetScroll: false })}
        />
        <span className="toolbar-count" aria-live="polite">
          {shown.length === records.length
            ? `all ${whole(records.length)}`
            : `${whole(shown.length)} of ${whole(records.length)}`}
        </span>
      </div>
      {shown.length === 0 ? <Empty title="No record matches." /> : null}
      <div ref={place} hidden={shown.length === 0}>
        <table className="grid audit" aria-rowcount={shown.length + 1}>
          <thead>
            <tr>
              <th scope="col" className="col-time">
                Time (UTC)
              </th>
              <th scope="col" className="col-actor">
                Who
              </th>
              <th scope="col" className="col-action">
                What
              </th>
              <th scope="col" className="col-subject">
                On what
              </th>
              <th scope="col">Why</th>
              <th scope="col" className="col-commit wide">
                Commit
              </th>
            </tr>
          </thead>
          <tbody>
            {above > 0 ? <Spacer height={above} /> : null}
            {items.map((item) => {
              const record = shown[item.index]
              return record === undefined ? null : (
                <Row key={record.id} record={record} index={item.index} measure={virtual.measureElement} />
              )
            })}
            {below > 0 ? <Spacer height={below} /> : null}
          </tbody>
        </table>
      </div>
    </>
  )
}

interface RowProps {
  readonly record: AuditRecord
  readonly index: number
  /** On a narrow screen a row is as tall as its words. */
  readonly measure: (row: HTMLTableRowElement | null) => void
}

function Row({ record, index, measure }: RowProps) {
  return (
    <tr aria-rowindex={index + 2} data-index={index} ref={measure}>
      <td>
        <time dateTime={record.time}>{utc(record.time).replace(' UTC', '')}</time>
      </td>
      <td>
        <Text>{record.actor}</Text>
      </td>
      <td>
        <Text>{record.action}</Text>
      </td>
      <td title={record.subject}>
        <Text>{record.subject.replace(/sha256:[0-9a-f]{64}/g, shortDigest)}</Text>
      </td>
      <td title={record.reason}>
        <Text>{record.reason}</Text>
      </td>
      <td className="wide">
        <code title={record.commit}>
          <Text>{shortDigest(record.commit)}</Text>
        </code>
      </td>
    </tr>
  )
}

function Spacer({ height }: { readonly height: number }) {
  return (
    <tr aria-hidden="true" className="spacer">
      <td style={{ height }} />
    </tr>
  )
}
