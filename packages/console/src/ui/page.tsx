import { Popover } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { CopyButton } from './copy-button.tsx'

interface PageProps {
  readonly title: ReactNode
  /** Of the browser's tab. */
  readonly name: string
  /** Beside the title: one line of facts. */
  readonly facts?: ReactNode
  /** The command that prints the same. */
  readonly command: string
  /** The path below `/api/v1` that answers the same. */
  readonly path: string
  readonly children: ReactNode
}

/** The frame of a view: title, facts, twin. */
export function Page({ title, name, facts, command, path, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · Holotype`
  }, [name])
  return (
    <>
      <header className="page-head">
        <h1>{title}</h1>
        {facts === undefined ? null : <div className="page-facts">{facts}</div>}
        <Twin command={command} path={path} />
      </header>
      {children}
    </>
  )
}

/** What prints or answers the same as this view, on request. */
function Twin({ command, path }: { readonly command: string; readonly path: string }) {
  const address = `GET /api/v1/${path}`
  return (
    <Popover position="bottom-end" shadow="sm" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="button quiet twin">
          CLI
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="The same on the command line and in the API">
        <dl className="twin-list">
          <dt>Command line</dt>
          <dd>
            <code>{command}</code>
            <CopyButton value={command} label="Copy the command" />
          </dd>
          <dt>API</dt>
          <dd>
            <code>{address}</code>
            <CopyButton value={`/api/v1/${path}`} label="Copy the path" />
          </dd>
        </dl>
      </Popover.Dropdown>
    </Popover>
  )
}

interface SectionProps {
  readonly title: string
  readonly aside?: ReactNode
  readonly children: ReactNode
}

/** A titled part of a view. */
export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {aside === undefined ? null : <span className="section-aside">{aside}</span>}
      </div>
      {children}
    </section>
  )
}
