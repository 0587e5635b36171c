import { readdirSync, statSync } from 'node:fs'
import { compareText, failBase } from '@holotype/base'
import { fail } from '../errors.ts'
import { INSTALLED_BYTES } from '../limits.ts'
import { pathInRoot, readRegular } from '../root-path.ts'
import type { InstalledPackage } from '../types.ts'
import { readDesc } from './desc.ts'
import { recordOf } from './record.ts'

const LOCAL = 'var/lib/pacman/local'

/**
 * The packages that pacman's database in a root holds, a directory each below `var/lib/pacman/local`; `origin` is the packager, for the
 * database does not tell the repository. Sorted by name; empty if the root has no such database.
 * @throws INSTALLED_MALFORMED, FILE_UNREADABLE
 */
export function readInstalled(root: string): InstalledPackage[] {
  const local = pathInRoot(root, LOCAL)
  if (local === undefined || !statSync(local).isDirectory()) return []
  const found: InstalledPackage[] = []
  let left = INSTALLED_BYTES
  for (const entry of list(local)) {
    // Beside the packages lies ALPM_DB_VERSION, a file.
    const directory = pathInRoot(root, `${LOCAL}/${entry}`)
    if (directory === undefined || !statSync(directory).isDirectory()) continue
    const file = pathInRoot(root, `${LOCAL}/${entry}/desc`)
    if (file === undefined) throw malformed(`${local}/${entry}`, 'it holds no desc')
    const bytes = read(file, left)
    left -= bytes.length
    found.push(packageOf(bytes, { file, entry }))
  }
  return found.sort((a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture))
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${directory}`, cause: error })
  }
}

function read(file: string, limit: number): Buffer {
  try {
    return readRegular(file, limit)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${file}`, cause: error })
  }
}

function packageOf(
  bytes: Buffer,
  { file, entry }: { readonly file: string; readonly entry: string },
): InstalledPackage {
  const complain = (what: string, cause?: unknown) => malformed(file, what, cause)
  const values = readDesc([bytes], complain)
  const { packager, pkgname, pkgbase, pkgver, arch } = values
  // A package made without an architecture has none in the database (libalpm leaves %ARCH% out).
  const { name, version, architecture, source } = recordOf(
    { ...(pkgname && { pkgname }), ...(pkgbase && { pkgbase }), ...(pkgver && { pkgver }), arch: arch ?? 'any' },
    { complain },
  )
  if (entry !== `${name}-${version}`)
    throw complain(`its directory is ${entry}, its desc is that of ${name} ${version}`)
  const origin = packager === undefined || packager === 'Unknown Packager' ? {} : { origin: packager }
  return { name, version, architecture, source, state: 'installed', ...origin }
}

function malformed(file: string, what: string, cause?: unknown): Error {
  return fail('INSTALLED_MALFORMED', { what: `${file}: ${what}`, cause })
}
