import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import type { Pool } from 'pg'
import { fail } from '../errors.ts'

/** One step of the schema: `0001-spine.sql`. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly text: string
}

const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/
/** The advisory lock of migrations: any number that nothing else of ours takes. */
const LOCK = 7_310_000

/** The migrations of this version, in order. */
export async function readMigrations(): Promise<Migration[]> {
  const directory = join(import.meta.dirname, 'migrations')
  const migrations: Migration[] = []
  for (const file of (await readdir(directory)).sort()) {
    const [, number, name] = FILE.exec(file) ?? []
    if (number === undefined || name === undefined) continue
    migrations.push({ number: Number(number), name, text: await readFile(join(directory, file), 'utf8') })
  }
  return migrations
}

/**
 * Brings the schema forward, each step in a transaction of its own, one server at a time. Never backward: what was applied stays as it was,
 * and its checksum shows if a file was changed since.
 * @throws MIGRATION_MISMATCH
 */
export async function migrate(pool: Pool, migrations: readonly Migration[]): Promise<number> {
  const client = await pool.connect()
  let broken = false
  const query = (text: string, values: readonly unknown[] = []) =>
    client.query<{ number: number; sha256: string }>(text, values)
  try {
    await query('select pg_advisory_lock($1)', [LOCK])
    await query(
      'create table if not exists migrations (number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())',
    )
    const { rows: applied } = await query('select number, sha256 from migrations order by number')
    for (const { number, sha256 } of applied) {
      const known = migrations.find((migration) => migration.number === number)
      if (!known)
        throw fail('MIGRATION_MISMATCH', { what: `the database has migration ${number}, this version has not` })
      if (digestOf(known.text) !== sha256)
        throw fail('MIGRATION_MISMATCH', { what: `migration ${number} (${known.name}) is not what was applied` })
    }
    const waiting = migrations.filter(({ number }) => !applied.some((done) => done.number === number))
    for (const { number, name, text } of waiting) {
      await query('begin')
      // Applying a long migration may take longer than a request may.
      await query('set local statement_timeout = 0')
      await query(text)
      await query('insert into migrations (number, name, sha256) values ($1, $2, $3)', [number, name, digestOf(text)])
      await query('commit')
    }
    await query('select pg_advisory_unlock($1)', [LOCK])
    return waiting.length
  } catch (error) {
    broken = true
    throw error
  } finally {
    // A connection with an open transaction or lock is closed, which ends both.
    client.release(broken)
  }
}
