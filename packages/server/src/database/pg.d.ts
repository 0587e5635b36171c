/** The part of pg 8 that this package uses; pg carries no types of its own. */
declare module 'pg' {
  import type { PostgresPoolClient, PostgresQueryResult } from 'kysely'

  export interface PoolConfig {
    readonly connectionString?: string
    readonly host?: string
    readonly port?: number
    readonly user?: string
    readonly password?: string
    readonly database?: string
    readonly max?: number
    readonly connectionTimeoutMillis?: number
    readonly statement_timeout?: number
    readonly application_name?: string
    readonly types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown }
  }

  export class Pool {
    readonly options: object
    constructor(config: PoolConfig)
    connect(): Promise<PostgresPoolClient>
    query(text: string, values?: readonly unknown[]): Promise<PostgresQueryResult<Record<string, unknown>>>
    end(): Promise<void>
    on(event: 'error', listener: (error: Error) => void): this
  }

  export const types: { getTypeParser(oid: number, format?: string): (value: string) => unknown }
}
