import { compareText, isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import { pathInRoot } from '../root-path.ts'
import type { InstalledPackage } from '../types.ts'
import { type Complain, parseHeader } from './header.ts'
import { recordOfHeader } from './record.ts'
import { bdbBlobs } from './rpmdb/bdb.ts'
import { readDatabase } from './rpmdb/file.ts'
import { dnfOrigins } from './rpmdb/history.ts'
import { ndbBlobs } from './rpmdb/ndb.ts'
import { sqliteBlobs } from './rpmdb/sqlite.ts'

/** Where rpm's database lies: the place that image-based systems and newer rpm use, and the older one, which then is a link to it. */
const DIRECTORIES = ['usr/lib/sysimage/rpm', 'var/lib/rpm']
/** dnf's own record of its transactions: who knows from which repository a package came. */
const HISTORIES = ['usr/lib/sysimage/libdnf/history.sqlite', 'var/lib/dnf/history.sqlite']

/** The forms of the database, the one in use today first. */
const FORMS: readonly {
  readonly file: string
  readonly blobs: (path: string, complain: Complain) => Iterable<Buffer>
}[] = [
  { file: 'rpmdb.sqlite', blobs: sqliteBlobs },
  { file: 'Packages.db', blobs: (path, complain) => ndbBlobs(readDatabase(path), complain) },
  { file: 'Packages', blobs: (path, complain) => bdbBlobs(readDatabase(path), complain) },
]

/**
 * The packages of rpm's database in a root, in its SQLite form, in that of ndb or in Berkeley DB's; keys (`gpg-pubkey`) left out, several
 * versions of one name kept. Sorted by name, architecture and version; empty if the root has no database. `origin` is the repository where
 * dnf's history tells it, else the vendor or the packager.
 * @throws INSTALLED_MALFORMED, FILE_UNREADABLE
 */
export function readInstalled(root: string): InstalledPackage[] {
  for (const directory of DIRECTORIES)
    for (const { file, blobs } of FORMS) {
      const path = pathInRoot(root, `${directory}/${file}`)
      if (path === undefined) continue
      const complain: Complain = (what) => fail('INSTALLED_MALFORMED', { what: `${path}: ${what}` })
      const origins = originsOf(root)
      const found: InstalledPackage[] = []
      for (const blob of blobs(path, complain)) {
        const one = packageOf(blob, origins, complain)
        if (one !== undefined) found.push(one)
      }
      return found.sort(
        (a, b) =>
          compareText(a.name, b.name) ||
          compareText(a.architecture, b.architecture) ||
          compareText(a.version, b.version),
      )
    }
  return []
}

/** Of the histories that are there the first; none is no error: yum and rpm alone keep none. */
function originsOf(root: string): ReadonlyMap<string, string> {
  for (const history of HISTORIES) {
    const path = pathInRoot(root, history)
    if (path !== undefined) return dnfOrigins(path, (what) => fail('INSTALLED_MALFORMED', { what: `${path}: ${what}` }))
  }
  return new Map()
}

/** One package of the database; undefined for a key. @throws what `complain` makes */
export function packageOf(
  blob: Buffer,
  origins: ReadonlyMap<string, string>,
  complain: Complain,
): InstalledPackage | undefined {
  const header = parseHeader(blob, { complain })
  try {
    const { name, version, architecture, source } = recordOfHeader(header)
    if (name === 'gpg-pubkey') return undefined
    const known = origins.get(`${name}-${version}.${architecture}`)
    const origin = known ?? (header.string('VENDOR') || header.string('PACKAGER'))
    return { name, version, architecture, source, state: 'installed', ...(origin === '' ? {} : { origin }) }
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw complain(error.message)
    throw error
  }
}
