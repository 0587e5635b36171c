import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Complain, Header } from '../header.ts'
import { parseHeader } from '../header.ts'
import { SENSE } from '../sense.ts'
import type { TagName } from '../tags.ts'

/** Requirements that only installing asks for are not looked up later, unless removing asks for them too (rpm's `isInstallPreReq`, `isErasePreReq`). */
const INSTALL_ONLY = SENSE.SCRIPT_PRE | SENSE.SCRIPT_POST | SENSE.RPMLIB | SENSE.PRETRANS | SENSE.POSTTRANS
const ERASE_ONLY = SENSE.SCRIPT_PREUN | SENSE.SCRIPT_POSTUN | SENSE.PREUNTRANS | SENSE.POSTUNTRANS

interface Index {
  readonly table: string
  readonly tag: TagName
  /** Default: TEXT, indexed by key and package. */
  readonly form?: 'key' | 'blob'
  /** Each text once. */
  readonly once?: true
  /** The tag that says which trigger a name belongs to: that is its place. */
  readonly places?: TagName
}

/** Tables that lead from a value to packages, in the order that rpm makes them. */
const INDEXES: readonly Index[] = [
  { table: 'Name', tag: 'NAME', form: 'key' },
  { table: 'Basenames', tag: 'BASENAMES' },
  { table: 'Group', tag: 'GROUP', form: 'key' },
  { table: 'Requirename', tag: 'REQUIRENAME' },
  { table: 'Providename', tag: 'PROVIDENAME' },
  { table: 'Conflictname', tag: 'CONFLICTNAME' },
  { table: 'Obsoletename', tag: 'OBSOLETENAME' },
  { table: 'Triggername', tag: 'TRIGGERNAME', once: true },
  { table: 'Dirnames', tag: 'DIRNAMES' },
  { table: 'Installtid', tag: 'INSTALLTID', form: 'blob' },
  { table: 'Sigmd5', tag: 'SIGMD5', form: 'blob' },
  { table: 'Sha1header', tag: 'SHA1HEADER', form: 'key' },
  { table: 'Filetriggername', tag: 'FILETRIGGERNAME', places: 'FILETRIGGERINDEX' },
  { table: 'Transfiletriggername', tag: 'TRANSFILETRIGGERNAME', places: 'TRANSFILETRIGGERINDEX' },
  { table: 'Recommendname', tag: 'RECOMMENDNAME' },
  { table: 'Suggestname', tag: 'SUGGESTNAME' },
  { table: 'Supplementname', tag: 'SUPPLEMENTNAME' },
  { table: 'Enhancename', tag: 'ENHANCENAME' },
]

/**
 * rpm's database in its SQLite form (rpm's lib/backend/sqlite.c, lib/rpmdb.c), of headers as `installedHeader` makes them, in the order of
 * installation. Same headers, same bytes (with the same Node).
 * @throws what `complain` makes
 */
export function sqliteDatabase(blobs: readonly Buffer[], complain: Complain): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'holotype-rpmdb-'))
  try {
    const path = join(directory, 'rpmdb.sqlite')
    const database = new DatabaseSync(path)
    try {
      // A crash throws the file away as a whole.
      database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
      fill(database, blobs, complain)
      database.exec('COMMIT')
    } finally {
      database.close()
    }
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function fill(database: DatabaseSync, blobs: readonly Buffer[], complain: Complain): void {
  database.exec(`CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)`)
  for (const { table, form } of INDEXES)
    database.exec(
      `CREATE TABLE '${table}' (key '${form === 'blob' ? 'BLOB' : 'TEXT'}' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))`,
    )
  const insert = database.prepare(`INSERT INTO 'Packages' VALUES (?, ?)`)
  const inserts = INDEXES.map((index) => ({
    ...index,
    statement: database.prepare(`INSERT INTO '${index.table}' VALUES (?, ?, ?)`),
  }))
  for (const [i, blob] of blobs.entries()) {
    const header = parseHeader(blob, { complain })
    insert.run(i + 1, blob)
    for (const index of inserts)
      for (const [place, key] of keysOf(header, index)) index.statement.run(key, i + 1, place)
  }
  // Made last, each is filled in one pass.
  for (const { table, form } of INDEXES) {
    if (form !== 'blob') database.exec(`CREATE INDEX '${table}_key_idx' ON '${table}'(key ASC)`)
    if (form === undefined) database.exec(`CREATE INDEX '${table}_hnum_idx' ON '${table}'(hnum ASC)`)
  }
}

function keysOf(
  header: Header,
  { tag, form, once, places }: Index,
): (readonly [place: number, key: string | Buffer])[] {
  if (tag === 'INSTALLTID') {
    const key = Buffer.alloc(4)
    // As the machine has it in memory: all that run Linux today with rpm's SQLite are little-endian but s390x.
    key.writeUInt32LE(header.number(tag) ?? 0)
    return [[0, key]]
  }
  if (form === 'blob') {
    const key = header.binary(tag)
    return key ? [[0, key]] : []
  }
  const own = places ? header.numbers(places) : []
  const keys = header.strings(tag).map((key, place) => [own[place] ?? place, key] as const)
  if (once) return keys.filter(([place, key]) => keys.findIndex(([, other]) => other === key) === place)
  if (tag !== 'REQUIRENAME') return form === 'key' ? keys.slice(0, 1) : keys
  const flags = header.numbers('REQUIREFLAGS')
  return keys.filter(([place]) => {
    const own = flags[place] ?? 0
    return (own & INSTALL_ONLY) === 0 || (own & ERASE_ONLY) !== 0
  })
}
