import type { Progress } from '@holotype/base'
import type { ReviewPolicy } from '@holotype/distribution'

/** Where log lines go. Each is one JSON object (pino) without its newline. */
export interface ServerLog {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly write: (line: string) => void
}

export interface ServerOptions {
  /** The address to listen on. On a loopback address reads are open; on any other they need the operator's token. */
  readonly host: string
  /** 0: any free port; `RunningServer.port` tells which. */
  readonly port: number
  /** Holds the embedded database. Made when missing. */
  readonly stateDirectory: string
  /** `postgresql://…`, PostgreSQL 14 or later. Absent: the embedded PostgreSQL below `stateDirectory`. */
  readonly databaseUrl?: string
  /** The bearer token of every write, at least 32 characters. */
  readonly operatorToken: string
  /** The distribution's name, as the console shows it. */
  readonly distribution: string
  /** What a diff needs before it is rolled out: what the reviews wait for, and what approvals are bound to. */
  readonly reviewPolicy: ReviewPolicy
  /** The published site, served below `/site/`. Made when missing. */
  readonly siteDirectory: string
  /** The built console, served below `/`. */
  readonly consoleDirectory?: string
  /** Default: nothing is logged. */
  readonly log?: ServerLog
  /** Told of slow steps of the start (making the database, migrating). */
  readonly progress?: Progress
  /** Milliseconds since the epoch; for tests. Default: the system's clock. */
  readonly now?: () => number
}

/** A server that listens. Closing it ends the requests under way, the connections and the embedded database. */
export interface RunningServer extends AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string
  readonly host: string
  readonly port: number
  close(): Promise<void>
}
