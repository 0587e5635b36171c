import { isErrorCode } from '@holotype/base'
import { tarFiles } from '../archive/tar-memory.ts'
import { TAR_BLOCK } from '../archive/tar-header.ts'
import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord } from '../types.ts'
import { readDesc } from './desc.ts'
import { recordOf } from './record.ts'
import type { RelationCache } from './relation.ts'

/**
 * Parses a repository's database as repo-add(8) makes it, decompressed: a tar with a directory `name-version/` for each package that holds
 * `desc`, in databases before pacman 5 also `depends`, and in a files database `files`.
 *
 * Only the values a record needs are copied out; relations and groups are shared between the records that have them in common.
 * @throws REPOSITORY_MALFORMED
 */
export function parseIndex(input: Uint8Array): PackageRecord[] {
  if (input.length > INDEX_BYTES) throw malformed(`the database is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  checkEnd(bytes)
  const cache: RelationCache = new Map()
  const groups = new Map<string, readonly string[]>()
  return [...packageDirectories(bytes)].map(([directory, members]) => {
    const complain = (what: string, cause?: unknown) => malformed(`${directory}: ${what}`, cause)
    const values = readDesc(members, complain)
    const absolute = values.files && { files: values.files.map((path) => `/${path.replace(/\/$/, '')}`) }
    const record = recordOf({ ...shared(values, groups), ...absolute }, { complain, cache })
    // libalpm takes name and version from the directory: a database that says two things is refused there too.
    if (directory !== `${record.name}-${record.version}`)
      throw complain(`its desc is that of ${record.name} ${record.version}`)
    if (record.filename === '') throw complain('its desc has no %FILENAME%')
    return record
  })
}

const MEMBERS = new Set(['desc', 'depends', 'files'])

/** The bytes of each package's members; they need not stand together. */
function packageDirectories(bytes: Buffer): Map<string, Buffer[]> {
  const directories = new Map<string, Buffer[]>()
  try {
    for (const { path, bytes: content } of tarFiles(bytes)) {
      const begin = path.startsWith('./') ? 2 : 0
      const slash = path.indexOf('/', begin)
      if (slash < 0 || !MEMBERS.has(path.slice(slash + 1))) continue
      const directory = path.slice(begin, slash)
      const members = directories.get(directory)
      if (members) members.push(content)
      else directories.set(directory, [content])
    }
  } catch (error) {
    if (isErrorCode(error, 'PACKAGE_MALFORMED') || isErrorCode(error, 'PACKAGE_TOO_LARGE'))
      throw malformed(error.message, error)
    throw error
  }
  return directories
}

/** A tar that was cut between two members reads like a shorter one: only its end tells (POSIX ustar: it ends in blocks of zeros). */
function checkEnd(bytes: Buffer): void {
  const end = bytes.subarray(-TAR_BLOCK)
  if (end.length !== TAR_BLOCK || end.some((byte) => byte !== 0))
    throw malformed(`the database ends after ${bytes.length} bytes without the blocks of zeros that end a tar`)
}

function shared(
  values: ReturnType<typeof readDesc>,
  groups: Map<string, readonly string[]>,
): ReturnType<typeof readDesc> {
  const { group } = values
  if (group === undefined) return values
  const key = group.join('\n')
  const known = groups.get(key)
  if (known) return { ...values, group: known }
  groups.set(key, group)
  return values
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what, cause })
}
