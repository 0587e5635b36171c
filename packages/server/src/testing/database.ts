import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '@holotype/base'
import { Pool } from 'pg'
import { type EmbeddedDatabase, startEmbedded } from '../database/embedded.ts'
import { openDatabase } from '../database/open.ts'

/** An embedded PostgreSQL for one test file, with one migrated database that each test finds empty. */
export interface TestDatabase extends AsyncDisposable {
  readonly embedded: EmbeddedDatabase
  /** The migrated database's URL. */
  readonly url: string
  /** Empties every table: a hundredth of the time that cloning a template takes. */
  clean(): Promise<void>
  /** The URL of a new database without a schema. */
  empty(): Promise<string>
  /** Runs one statement in the migrated database, as a superuser. */
  query(text: string): Promise<readonly Record<string, unknown>[]>
}

export async function startTestDatabase(): Promise<TestDatabase> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'holotype-test-'))
  // Routes do not depend on durability; the crash test runs with the settings of the product.
  const embedded = await startEmbedded({ stateDirectory, settings: { fsync: 'off', full_page_writes: 'off' } })
  const urlOf = (name: string) => {
    const { user, password, host } = embedded.connection
    return `postgresql://${user}:${password}@${encodeURIComponent(host ?? '')}/${name}`
  }
  const url = urlOf('postgres')
  const log = { debug: () => {}, warn: () => {} }
  await (await openDatabase({ stateDirectory, databaseUrl: url, progress: silent, log })).close()
  const admin = new Pool({ connectionString: url, max: 1 })
  admin.on('error', () => {})
  const { rows: tables } = await admin.query(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'migrations'`,
  )
  // As a replica: the triggers that guard keys and the audit log do not fire.
  const deletion = tables.map(({ name }) => `delete from ${String(name)};`).join('')
  let count = 0
  return {
    embedded,
    url,
    clean: async () => {
      await admin.query(`set session_replication_role = replica; ${deletion} reset session_replication_role`)
    },
    empty: async () => {
      const name = `test_${++count}`
      await admin.query(`create database ${name} template template0`)
      return urlOf(name)
    },
    query: async (text) => (await admin.query(text)).rows,
    [Symbol.asyncDispose]: async () => {
      await admin.end()
      await embedded.stop()
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}
