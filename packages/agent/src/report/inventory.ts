import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setText } from '@holotype/audit'
import { type Digest, digestOf, writeFileAtomic } from '@holotype/base'
import { isFields } from '../json.ts'

/** The installed packages of a root as one digest, and their canonical text for a server that does not know it yet. */
export interface Inventory {
  readonly set: Digest
  readonly text: string
}

/**
 * What changes below a root when a package is installed or removed, with each format's own tool: the idle path looks at these alone, without
 * loading the formats. A directory (`local`, `status.d`) changes with the names in it.
 */
const DATABASES = [
  'var/lib/dpkg/status',
  'var/lib/dpkg/status.d',
  'var/lib/pacman/local',
  ...['usr/lib/sysimage/rpm', 'var/lib/rpm'].flatMap((directory) =>
    // The write-ahead log too: rpm changes it alone, until SQLite takes it over into the database.
    ['rpmdb.sqlite', 'rpmdb.sqlite-wal', 'Packages.db', 'Packages'].map((file) => `${directory}/${file}`),
  ),
  'var/db/xbps/pkgdb-0.38.plist',
]

const FILE = 'inventory.json'

/**
 * What the package databases of a root hold, of whichever formats it has; null when it has none. The last answer is kept in the state directory.
 * @throws INSTALLED_MALFORMED, FILE_UNREADABLE
 */
export async function readInventory(root: string, state: string): Promise<Inventory | null> {
  const key = DATABASES.flatMap((path) => stampOf(root, path)).join('\n')
  if (key === '') return null
  const kept = readKept(join(state, FILE))
  if (kept?.key === key) return { set: digestOf(kept.text), text: kept.text }
  // Loaded only now: the idle path has no need for the formats.
  const { formats } = await import('@holotype/formats')
  const installed = Object.values(formats)
    .flatMap((format) => format.readInstalled(root))
    .filter((entry) => entry.state === 'installed')
  const text = setText(installed)
  writeFileAtomic(join(state, FILE), JSON.stringify({ key, text }), 0o600)
  return { set: digestOf(text), text }
}

/** A database and what its stat says of its content; nothing where it is not there. */
function stampOf(root: string, path: string): string[] {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  return stat ? [[path, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ')] : []
}

function readKept(path: string): { readonly key: string; readonly text: string } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!isFields(value) || typeof value.key !== 'string' || typeof value.text !== 'string') return undefined
    return { key: value.key, text: value.text }
  } catch {
    return undefined
  }
}
