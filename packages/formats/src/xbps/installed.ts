import { compareText, failBase } from '@holotype/base'
import { fail } from '../errors.ts'
import { INSTALLED_BYTES } from '../limits.ts'
import { pathInRoot, readRegular } from '../root-path.ts'
import type { InstalledPackage } from '../types.ts'
import { parsePlist, type PlistDictionary, type PlistValue } from './plist.ts'
import { splitPkgver } from './pkgver.ts'

const PKGDB = 'var/db/xbps/pkgdb-0.38.plist'
/** Keys of the database that are no packages: `_XBPS_ALTERNATIVES_`. */
const INTERNAL = '_XBPS_'
/** The states in which a package has files on disk : all but `not-installed`. */
const WITH_FILES = new Set(['installed', 'unpacked', 'half-removed', 'broken'])

/**
 * The packages that xbps' database in a root holds. `origin` is the repository that a package came from. Sorted by name; empty if the root has no
 * such database.
 * @throws INSTALLED_MALFORMED, FILE_UNREADABLE
 */
export function readInstalled(root: string): InstalledPackage[] {
  const file = pathInRoot(root, PKGDB)
  if (file === undefined) return []
  const complain = (what: string, cause?: unknown) => fail('INSTALLED_MALFORMED', { what: `${file}: ${what}`, cause })
  const database = parsePlist(read(file), complain)
  return [...database]
    .filter(([name]) => !name.startsWith(INTERNAL))
    .flatMap(([name, value]) => packageOf(name, value, complain))
    .sort((a, b) => compareText(a.name, b.name))
}

function read(file: string): Buffer {
  try {
    return readRegular(file, INSTALLED_BYTES)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${file}`, cause: error })
  }
}

function packageOf(key: string, value: PlistValue, complain: (what: string) => Error): InstalledPackage[] {
  if (!(value instanceof Map)) throw complain(`${key} is no dict`)
  const text = (name: string): string | undefined => {
    const found = value.get(name)
    if (found === undefined || typeof found === 'string') return found
    throw complain(`${key}: ${name} is no string`)
  }
  const pkgver = splitPkgver(text('pkgver') ?? '')
  const architecture = text('architecture')
  const state = text('state')
  if (!pkgver || pkgver.name !== key) throw complain(`${key} has the pkgver ${JSON.stringify(text('pkgver') ?? '')}`)
  if (architecture === undefined || state === undefined) throw complain(`${key} has no architecture or state`)
  if (!WITH_FILES.has(state)) return []
  const origin = text('repository')
  return [{ ...pkgver, architecture, source: sourceOf(value) ?? pkgver.name, state, ...(origin ? { origin } : {}) }]
}

function sourceOf(properties: PlistDictionary): string | undefined {
  const source = properties.get('sourcepkg')
  if (typeof source === 'string') return splitPkgver(source)?.name
  const revisions = properties.get('source-revisions')
  return typeof revisions === 'string' && revisions.includes(':')
    ? revisions.slice(0, revisions.indexOf(':'))
    : undefined
}
