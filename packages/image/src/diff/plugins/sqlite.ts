import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, hexOf } from '@holotype/base'
import { DatabaseSync } from 'node:sqlite'
import { SQLITE_BYTES, SQLITE_ROW_LENGTH, SQLITE_ROWS, SQLITE_TABLES } from '../limits.ts'
import type { Plugin } from './types.ts'

/**
 * SQLite databases: schema and rows. The file is another's: SQLite opens a private copy, reads no schema it must trust, runs no check or
 * view of it, and must find every page used once before a row is read, so that no loop of pages can hold it.
 */
export const sqlite: Plugin = {
  name: 'sqlite',
  wants: (_path, head) => head.toString('latin1', 0, 16) === 'SQLite format 3\0',
  describe(bytes) {
    if (bytes.length > SQLITE_BYTES) throw new Error('too large')
    const directory = mkdtempSync(join(tmpdir(), 'holotype-sqlite-'))
    try {
      const path = join(directory, 'copy.sqlite')
      // Bytes 18 and 19 of 2 mean write-ahead logging (Database File Format, 1.3.3): SQLite would look for a log that is not there.
      const copy = Buffer.from(bytes)
      if (copy[18] === 2) copy.fill(1, 18, 20)
      writeFileSync(path, copy, { mode: 0o600 })
      return { facts: factsOf(path) }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

function factsOf(path: string): Record<string, readonly string[]> {
  const database = new DatabaseSync(path, { readOnly: true, allowExtension: false, enableForeignKeyConstraints: false })
  try {
    for (const pragma of [
      'trusted_schema = OFF',
      'cell_size_check = ON',
      'ignore_check_constraints = ON',
      'mmap_size = 0',
    ])
      database.exec(`PRAGMA ${pragma}`)
    const verdict = database.prepare('PRAGMA quick_check(1)').get()
    if (verdict?.['quick_check'] !== 'ok') throw new Error('damaged')
    const schema = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
    const tables = schema.filter(
      ({ type, sql }) => type === 'table' && typeof sql === 'string' && /^CREATE TABLE /i.test(sql),
    )
    if (tables.length > SQLITE_TABLES) throw new Error('too many tables')
    const facts: Record<string, readonly string[]> = {
      schema: schema.map(({ type, name, sql }) => (typeof sql === 'string' ? sql : `${String(type)} ${String(name)}`)),
    }
    for (const table of tables.map(({ name }) => String(name))) facts[`rows of ${table}`] = rowsOf(database, table)
    return facts
  } finally {
    database.close()
  }
}

function rowsOf(database: DatabaseSync, table: string): string[] {
  const quoted = `"${table.replaceAll('"', '""')}"`
  // Generated columns hold expressions of the file's author: they are left out.
  const columns = database
    .prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0')
    .all(table)
    .map(({ name }) => `"${String(name).replaceAll('"', '""')}"`)
  if (columns.length === 0) return []
  const rows = database.prepare(`SELECT ${columns.join(', ')} FROM ${quoted} LIMIT ${SQLITE_ROWS}`)
  rows.setReadBigInts(true)
  return rows.all().map((row) => short(Object.values(row).map(cell).join(' | ')))
}

function cell(value: unknown): string {
  return value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : String(value)
}

/** A long row keeps its beginning and the digest of all of it: two that differ at the end stay two. */
function short(row: string): string {
  return row.length <= SQLITE_ROW_LENGTH
    ? row
    : `${row.slice(0, SQLITE_ROW_LENGTH).toWellFormed()}… ${hexOf(digestOf(Buffer.from(row))).slice(0, 12)}`
}
