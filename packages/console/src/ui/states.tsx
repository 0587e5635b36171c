import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { asProblem } from '../api/problem.ts'
import { Ago } from './ago.tsx'
import { CopyButton } from './copy-button.tsx'
import { ShapeIcon } from './shape.tsx'
import { Text } from './text.tsx'

/** Rows that will be there soon, in the height they will have. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div className="loading" role="status">
      <span>Loading {what} …</span>
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  /** What makes the first item. */
  readonly command?: string
  readonly children?: ReactNode
}

/** Nothing is here yet, and the command that changes that. */
export function Empty({ title, command, children }: EmptyProps) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
      {command === undefined ? null : (
        <p className="command">
          <code>{command}</code>
          <CopyButton value={command} label="Copy the command" />
        </p>
      )}
    </div>
  )
}

/** A failure: what, its code, what to do, and the request's id for the log. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const problem = asProblem(error)
  return (
    <div className="failure" role="alert">
      <p className="failure-title">
        <ShapeIcon shape="cross" tone="bad" /> <Text>{problem.title}</Text>
      </p>
      <p>
        <Text>{problem.detail}</Text>
      </p>
      {problem.hint === '' ? null : (
        <p>
          <Text>{problem.hint}</Text>
        </p>
      )}
      <p className="failure-facts">
        <code>
          <Text>{problem.code}</Text>
        </code>
        {problem.request === '' ? null : (
          <span>
            request{' '}
            <code>
              <Text>{problem.request}</Text>
            </code>
          </span>
        )}
        {retry === undefined ? null : (
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        )}
      </p>
    </div>
  )
}

interface LoadedProps<T> {
  readonly query: UseQueryResult<T>
  readonly what: string
  readonly children: (data: T) => ReactNode
}

/** A view over a query: loading, failed, or drawn; drawn *and* failed when the last refresh did not arrive, with the data's age. */
export function Loaded<T>({ query, what, children }: LoadedProps<T>) {
  if (query.data === undefined) {
    if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />
    return <Loading what={what} />
  }
  if (!query.isError) return children(query.data)
  return (
    <>
      <p className="stale-note" role="status">
        <ShapeIcon shape="half" tone="warn" />
        <span>
          Not fresh: this is how it was <Ago time={new Date(query.dataUpdatedAt).toISOString()} />.{' '}
          <Text>{asProblem(query.error).title}</Text> (<code>{asProblem(query.error).code}</code>).
        </span>
      </p>
      <div className="stale">{children(query.data)}</div>
    </>
  )
}
