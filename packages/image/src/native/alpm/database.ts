import { hash } from 'node:crypto'
import { type Store, walkTree } from '@holotype/store'
import { addParents, type PathMap, pathResolver } from '../../compose/path-map.ts'
import { fail } from '../../errors.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import type { DatabaseOptions } from '../native.ts'
import { valuesOf } from './fields.ts'

const LOCAL = 'var/lib/pacman/local'
const OWNER = 'step:pacman-database'

/** The version of this form of the database (libalpm, `ALPM_LOCAL_DB_VERSION`). */
const DB_VERSION = '9\n'

/** Members of a package that pacman keeps, and under which name. */
const KEPT = { '.INSTALL': 'install', '.CHANGELOG': 'changelog', '.MTREE': 'mtree' } as const

/** Sections of `desc` in libalpm's order, and the field of .PKGINFO each is of. */
const SECTIONS = [
  ['NAME', 'pkgname'],
  ['VERSION', 'pkgver'],
  ['BASE', 'pkgbase'],
  ['DESC', 'pkgdesc'],
  ['URL', 'url'],
  ['ARCH', 'arch'],
  ['BUILDDATE', 'builddate'],
  ['INSTALLDATE', undefined],
  ['PACKAGER', 'packager'],
  ['SIZE', 'size'],
  ['GROUPS', 'group'],
  ['LICENSE', 'license'],
  ['VALIDATION', undefined],
  ['REPLACES', 'replaces'],
  ['DEPENDS', 'depend'],
  ['OPTDEPENDS', 'optdepend'],
  ['CONFLICTS', 'conflict'],
  ['PROVIDES', 'provides'],
  ['XDATA', 'xdata'],
] as const

const SINGLE: ReadonlySet<string> = new Set([
  ...['pkgname', 'pkgver', 'pkgbase', 'pkgdesc', 'url', 'arch', 'builddate', 'packager', 'size'],
])

/**
 * Writes pacman's database as `pacman -S` leaves it: a directory for each package with desc, files, and what it keeps of the package's own
 * members (libalpm, `be_local.c`). The time of installation is the image's; every package counts as verified by its SHA-256, as the lock has it.
 */
export function database(map: PathMap, { store, packages, epoch }: DatabaseOptions): void {
  const write = (path: string, bytes: Buffer, mtime: number) => {
    const place = `${LOCAL}/${path}`
    addParents(map, place, OWNER)
    map.set(place, {
      entry: { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime, digest: store.put(bytes), size: bytes.length },
      owner: OWNER,
    })
  }
  const resolver = pathResolver(map)
  write('ALPM_DB_VERSION', Buffer.from(DB_VERSION), epoch)
  for (const candidate of packages) {
    const directory = localName(candidate)
    write(`${directory}/desc`, descOf(candidate, epoch), epoch)
    write(`${directory}/files`, filesOf(candidate, { store, map, resolver }), epoch)
    for (const [member, name] of Object.entries(KEPT)) {
      const kept = candidate.unpacked.control[member]
      if (kept) write(`${directory}/${name}`, store.read(kept.digest), epoch)
    }
  }
}

/** A package's directory in the database. @throws IMAGE_MALFORMED (a name or version that is no part of a path) */
export function localName({ name, version }: LockedUnpacked): string {
  const directory = `${name}-${version}`
  if (directory.includes('/') || directory.startsWith('.'))
    throw fail('IMAGE_MALFORMED', { what: `${directory} is no name of a package of pacman's` })
  return directory
}

/** The paths of a package as pacman lists them: directories with a slash, in the order of their bytes. */
export function listedPaths(store: Store, { unpacked }: LockedUnpacked): string[] {
  const paths: string[] = []
  for (const { path, entry } of walkTree(store, unpacked.tree))
    if (path !== '') paths.push(entry.type === 'directory' ? `${path}/` : path)
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function descOf({ unpacked }: LockedUnpacked, epoch: number): Buffer {
  // Of a field of one value libalpm keeps the last, an empty one too.
  const values = (field: string) =>
    SINGLE.has(field)
      ? unpacked.fields.flatMap(([name, value]) => (name === field ? [value] : [])).slice(-1)
      : valuesOf(unpacked, field)
  let text = ''
  for (const [section, field] of SECTIONS) {
    const lines = field ? values(field) : [section === 'INSTALLDATE' ? String(epoch) : 'sha256']
    if (lines.length > 0) text += `%${section}%\n${lines.join('\n')}\n\n`
  }
  return Buffer.from(text)
}

interface FilesOptions {
  readonly store: Store
  readonly map: PathMap
  readonly resolver: ReturnType<typeof pathResolver>
}

function filesOf(candidate: LockedUnpacked, { store, map, resolver }: FilesOptions): Buffer {
  const paths = listedPaths(store, candidate)
  let text = paths.length > 0 ? `%FILES%\n${paths.join('\n')}\n\n` : ''
  const backup = valuesOf(candidate.unpacked, 'backup').map((path) => {
    const entry = map.get(resolver.resolve(path))?.entry
    // pacman prints a null pointer for a file that the package does not bring, and reads it back as this text.
    return `${path}\t${entry?.type === 'file' ? hash('md5', store.read(entry.digest), 'hex') : '(null)'}\n`
  })
  if (backup.length > 0) text += `%BACKUP%\n${backup.join('')}\n`
  return Buffer.from(text)
}
