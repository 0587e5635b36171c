import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type PoolConfig, types } from 'pg'
import { fail } from '../errors.ts'
import { CONNECT_TIMEOUT_MS, DATABASE_CONNECTIONS, STATEMENT_TIMEOUT_MS } from '../limits.ts'
import type { Database } from './schema.ts'

const INT8 = 20

/**
 * A pool of connections and the query builder on it. End the pool to close both: the builder's own `destroy` leaves the pool open when the
 * builder was never used.
 */
export interface Connection {
  readonly db: Kysely<Database>
  readonly pool: Pool
}

/** Opens a pool; nothing is connected yet. `onError` hears of idle connections that break: the next query opens new ones. */
export function connect(target: PoolConfig, onError: (error: Error) => void): Connection {
  const pool = new Pool({
    ...target,
    max: DATABASE_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'holotype',
    // Our 64-bit columns count bytes, statements and records: all far below 2^53.
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)) },
  })
  pool.on('error', onError)
  return { pool, db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }) }
}

const OLDEST = 14

/**
 * Checks that a database answers and is new enough.
 * @throws DATABASE_UNREACHABLE, DATABASE_TOO_OLD
 */
export async function checkDatabase({ pool }: Connection): Promise<void> {
  let version: number
  try {
    const { rows } = await pool.query(`select current_setting('server_version_num')::int as version`)
    version = Number(rows[0]?.['version'])
  } catch (error) {
    // The cause may hold the URL with its password: only its message is taken, and base removes secrets from that.
    const reason = error instanceof Error ? error.message : 'no answer'
    throw fail('DATABASE_UNREACHABLE', { what: `the database does not answer: ${reason}` })
  }
  if (version < OLDEST * 10_000)
    throw fail('DATABASE_TOO_OLD', { what: `the database is PostgreSQL ${Math.floor(version / 10_000)}` })
}

/** Creates the database `name` in the cluster that `maintenance` leads to, if it is not there. */
export async function ensureDatabase(maintenance: PoolConfig, name: string): Promise<void> {
  const pool = new Pool({ ...maintenance, database: 'postgres', max: 1, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A connection that breaks while it is closed is no news; without a listener it would end the process.
  pool.on('error', () => {})
  try {
    const { rows } = await pool.query('select 1 from pg_database where datname = $1', [name])
    if (rows.length === 0) await pool.query(`create database "${name.replaceAll('"', '""')}"`)
  } finally {
    await pool.end()
  }
}
