import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import { ARCHIVE_MEMBERS } from '../limits.ts'
import type { PayloadEntry, PayloadType } from '../types.ts'
import { CAPABILITY_XATTR, capabilityBytes } from './capabilities.ts'
import type { Header } from './header.ts'
import { filePaths } from './record.ts'
import type { TagName } from './tags.ts'

/** RPMFILE bits of FILEFLAGS. */
export const FILE_FLAGS = {
  CONFIG: 1,
  DOC: 2,
  MISSINGOK: 8,
  NOREPLACE: 16,
  GHOST: 64,
  LICENSE: 128,
  README: 256,
  ARTIFACT: 4096,
} as const

const TYPES: ReadonlyMap<number, PayloadType> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
])

/** One file of a header. */
export interface HeaderFile {
  readonly entry: PayloadEntry
  /** In hex; '' where there is none. */
  readonly digest: string
  readonly flags: number
  /** The members of its hard link set by index, itself among them; one alone is no set. */
  readonly links: readonly number[]
}

/** A header's files in its order, checked: each list has one value for each file, each path is confined. @throws PACKAGE_MALFORMED */
export function filesOfHeader(header: Header): HeaderFile[] {
  const paths = filePaths(header)
  const count = paths.length
  if (count > ARCHIVE_MEMBERS)
    throw fail('PACKAGE_TOO_LARGE', { what: `the header lists more than ARCHIVE_MEMBERS, ${ARCHIVE_MEMBERS} files` })
  const directories = header.strings('DIRNAMES').length
  for (const index of header.numbers('DIRINDEXES'))
    if (index >= directories) throw malformed(`DIRINDEXES names the directory ${index} of ${directories}`)
  const numbers = (tag: TagName, needed = true) => sized(header.numbers(tag), tag, count, needed)
  const strings = (tag: TagName, needed = true) => sized(header.strings(tag), tag, count, needed)
  if (header.has('BASENAMES')) numbers('DIRINDEXES')
  const modes = numbers('FILEMODES')
  const sizes = numbers(header.has('LONGFILESIZES') ? 'LONGFILESIZES' : 'FILESIZES')
  const mtimes = numbers('FILEMTIMES')
  const owners = strings('FILEUSERNAME')
  const groups = strings('FILEGROUPNAME')
  const linkTargets = strings('FILELINKTOS', false)
  const devices = numbers('FILERDEVS', false)
  const digests = strings('FILEDIGESTS', false)
  const flags = numbers('FILEFLAGS', false)
  const caps = strings('FILECAPS', false)
  const links = linkSets(numbers('FILEINODES', false), numbers('FILEDEVICES', false), modes, flags)
  return paths.map((text, i) => {
    const mode = modes[i] ?? 0
    const type = TYPES.get(mode & 0o170000)
    const path = confinedPath(text.replace(/^\/+/, '') || '.')
    if (path === undefined) throw malformed(`the path ${JSON.stringify(text.slice(0, 200))} leads outside the package`)
    if (type === undefined) throw malformed(`${text} has the mode ${mode.toString(8)}, which is of no file`)
    const target = linkTargets[i] ?? ''
    if (type === 'symlink' && target === '') throw malformed(`${text} is a symbolic link to nowhere`)
    const device = devices[i] ?? 0
    const capability = caps[i] ? capabilityBytes(caps[i] ?? '') : undefined
    if (caps[i] && capability === undefined)
      throw malformed(`${text} has the capabilities ${JSON.stringify(caps[i])}, which are none`)
    const entry: PayloadEntry = {
      path,
      type,
      mode: mode & 0o7777,
      uid: 0,
      gid: 0,
      mtime: mtimes[i] ?? 0,
      size: type === 'file' ? (sizes[i] ?? 0) : 0,
      ...(owners[i] ? { owner: owners[i] } : {}),
      ...(groups[i] ? { group: groups[i] } : {}),
      ...(type === 'symlink' ? { target } : {}),
      ...(type === 'character' || type === 'block' ? { device: { major: device >> 8, minor: device & 0xff } } : {}),
      ...(capability ? { xattrs: { [CAPABILITY_XATTR]: capability.toString('base64') } } : {}),
    }
    return { entry, digest: digests[i] ?? '', flags: flags[i] ?? 0, links: links.get(i) ?? [i] }
  })
}

function sized<T>(values: readonly T[], tag: TagName, count: number, needed: boolean): readonly T[] {
  if (values.length !== count && (needed || values.length !== 0))
    throw malformed(`${tag} has ${values.length} values for ${count} files`)
  return values
}

/** Regular files of one inode on one device; ghosts have no part in it, for they are not in the payload. */
function linkSets(
  inodes: readonly number[],
  devices: readonly number[],
  modes: readonly number[],
  flags: readonly number[],
): ReadonlyMap<number, readonly number[]> {
  const byInode = new Map<number, number[]>()
  const sets = new Map<number, readonly number[]>()
  for (const [i, inode] of inodes.entries()) {
    if (((modes[i] ?? 0) & 0o170000) !== 0o100000 || ((flags[i] ?? 0) & FILE_FLAGS.GHOST) !== 0) continue
    const key = inode + (devices[i] ?? 0) * 2 ** 32
    const set = byInode.get(key)
    if (set === undefined) byInode.set(key, [i])
    else {
      set.push(i)
      for (const member of set.length === 2 ? set : [i]) sets.set(member, set)
    }
  }
  return sets
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `header: ${what}` })
}
