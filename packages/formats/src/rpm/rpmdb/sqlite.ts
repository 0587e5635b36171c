import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { failBase, HolotypeError } from '@holotype/base'
import type { Complain } from '../header.ts'
import { checkSize } from './file.ts'

/**
 * What `read` makes of an SQLite database, read as a copy: opening a database beside whose file a write-ahead log lies would write into the
 * root, and not looking at the log would miss what it holds.
 * @throws FILE_UNREADABLE, what `complain` makes, what `read` throws
 */
export function readSqlite<Result>(file: string, complain: Complain, read: (database: DatabaseSync) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'holotype-rpmdb-'))
  try {
    const copy = join(directory, 'database.sqlite')
    for (const end of ['', '-wal']) if (end === '' || existsSync(file + end)) copyChecked(file + end, copy + end)
    const database = new DatabaseSync(copy)
    try {
      return read(database)
    } finally {
      database.close()
    }
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    throw complain(`it does not read as SQLite: ${error instanceof Error ? error.message : 'no reason given'}`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The headers of the packages in `rpmdb.sqlite`. @throws as {@link readSqlite} */
export function sqliteBlobs(file: string, complain: Complain): Buffer[] {
  return readSqlite(file, complain, (database) =>
    Array.from(database.prepare('SELECT blob FROM Packages ORDER BY hnum').iterate(), ({ blob }) => {
      if (!(blob instanceof Uint8Array)) throw complain('a package is no header')
      return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
    }),
  )
}

function copyChecked(from: string, to: string): void {
  try {
    checkSize(from)
    copyFileSync(from, to)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${from}`, cause: error })
  }
}
