import { runTask, type Progress } from '@holotype/base'
import type { FastifyBaseLogger } from 'fastify'
import type { Kysely } from 'kysely'
import type { PoolConfig } from 'pg'
import { checkDatabase, connect, ensureDatabase } from './connect.ts'
import { startEmbedded } from './embedded.ts'
import { migrate, readMigrations } from './migrate.ts'
import type { Database } from './schema.ts'

export interface OpenDatabase {
  readonly db: Kysely<Database>
  /** Closes the connections and, where it is the embedded one, stops the database. */
  close(): Promise<void>
}

interface Opening {
  readonly stateDirectory: string
  readonly databaseUrl?: string
  readonly progress: Progress
  readonly log: Pick<FastifyBaseLogger, 'debug' | 'warn'>
}

const NAME = 'holotype'

/**
 * Opens the database, migrated: the one of the URL, or the embedded one.
 * @throws as `startEmbedded`, `checkDatabase` and `migrate`
 */
export async function openDatabase({ stateDirectory, databaseUrl, progress, log }: Opening): Promise<OpenDatabase> {
  const embedded =
    databaseUrl === undefined
      ? await startEmbedded({ stateDirectory, progress, onLine: (line) => log.debug({ database: line }) })
      : undefined
  let closing = false
  try {
    if (embedded) await ensureDatabase(embedded.connection, NAME)
    const target: PoolConfig = embedded
      ? { ...embedded.connection, database: NAME }
      : { connectionString: databaseUrl ?? '' }
    const connection = connect(target, (error) => {
      if (!closing) log.warn({ reason: error.message }, 'a database connection broke')
    })
    const close = async () => {
      closing = true
      await connection.pool.end()
      await embedded?.stop()
    }
    try {
      await checkDatabase(connection)
      const migrations = await readMigrations()
      await runTask(progress, { title: 'bring the database schema forward' }, async (task) => {
        const applied = await migrate(connection.pool, migrations)
        task.note(applied === 0 ? 'nothing to do' : `${applied} applied`)
      })
      return { db: connection.db, close }
    } catch (error) {
      closing = true
      await connection.pool.end()
      throw error
    }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}
