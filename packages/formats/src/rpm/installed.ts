import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { compareText, failBase, HolotypeError } from '@holotype/base'
import { fail } from '../errors.ts'
import { INSTALLED_BYTES } from '../limits.ts'
import { pathInRoot } from '../root-path.ts'
import type { InstalledPackage } from '../types.ts'
import { parseHeader } from './header.ts'
import { recordOfHeader } from './record.ts'

/** Where rpm's database lies: rpm's own place, and the one that image-based systems moved it to. */
const DIRECTORIES = ['var/lib/rpm', 'usr/lib/sysimage/rpm']

/**
 * The packages of rpm's database in a root, in its SQLite form; keys (`gpg-pubkey`) left out, several versions of one name kept. Sorted by
 * name and architecture; empty if the root has no database.
 * @throws INSTALLED_MALFORMED, also for the ndb and Berkeley DB forms, which are not read
 */
export function readInstalled(root: string): InstalledPackage[] {
  for (const directory of DIRECTORIES) {
    const file = pathInRoot(root, `${directory}/rpmdb.sqlite`)
    if (file !== undefined) return readSqlite(file)
    for (const other of ['Packages.db', 'Packages'])
      if (pathInRoot(root, `${directory}/${other}`) !== undefined)
        throw malformed(`${directory}/${other}`, 'only the SQLite form is read: `rpmdb --rebuilddb` makes it')
  }
  return []
}

/**
 * Reads a copy: opening a database beside whose file a write-ahead log lies would write into the root, and not looking at the log would
 * miss what it holds.
 */
function readSqlite(file: string): InstalledPackage[] {
  const directory = mkdtempSync(join(tmpdir(), 'holotype-rpmdb-'))
  try {
    const copy = join(directory, 'rpmdb.sqlite')
    for (const end of ['', '-wal']) if (end === '' || existsSync(file + end)) copyChecked(file + end, copy + end)
    const database = new DatabaseSync(copy)
    try {
      const rows = database.prepare('SELECT blob FROM Packages').iterate()
      const found = Array.from(rows, ({ blob }) => packageOf(blob, file)).flat()
      return found.sort(
        (a, b) =>
          compareText(a.name, b.name) ||
          compareText(a.architecture, b.architecture) ||
          compareText(a.version, b.version),
      )
    } finally {
      database.close()
    }
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    throw malformed(file, 'it is no database of rpm', error)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function copyChecked(from: string, to: string): void {
  try {
    if (!statSync(from).isFile() || statSync(from).size > INSTALLED_BYTES)
      throw new Error(`no file, or larger than INSTALLED_BYTES (${INSTALLED_BYTES})`)
    copyFileSync(from, to)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${from}`, cause: error })
  }
}

function packageOf(blob: unknown, file: string): InstalledPackage[] {
  if (!(blob instanceof Uint8Array)) throw malformed(file, 'a package is no header')
  const header = parseHeader(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength), {
    complain: (what) => malformed(file, what),
  })
  const { name, version, architecture, source } = recordOfHeader(header)
  if (name === 'gpg-pubkey') return []
  const origin = header.string('VENDOR') || header.string('PACKAGER')
  return [{ name, version, architecture, source, state: 'installed', ...(origin === '' ? {} : { origin }) }]
}

function malformed(file: string, what: string, cause?: unknown): Error {
  return fail('INSTALLED_MALFORMED', { what: `${file}: ${what}`, cause })
}
