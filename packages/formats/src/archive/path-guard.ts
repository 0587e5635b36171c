import { fail } from '../errors.ts'
import { ARCHIVE_IMPLIED_DIRECTORIES } from '../limits.ts'
import type { PayloadEntry } from '../types.ts'

/**
 * Checks the members of one archive against each other: a path below another member's symbolic link or file would land elsewhere than it
 * says, and a hard link may only name a file that came before it.
 * @returns a function to call with each member in order. @throws PACKAGE_MALFORMED, PACKAGE_TOO_LARGE
 */
export function pathGuard(): (entry: PayloadEntry) => void {
  const kinds = new Map<string, 'directory' | 'file' | 'other'>()
  /** Directories that no member names, only paths below them. */
  let implied = 0
  /** Most members lie beside the one before them. */
  let soundParent = ''

  function checkParents(path: string): void {
    const parent = parentOf(path)
    if (parent === soundParent) return
    // What is a directory stays one, and all above it are: the first that is known ends the search.
    for (let ancestor = parent; ancestor !== ''; ancestor = parentOf(ancestor)) {
      const kind = kinds.get(ancestor)
      if (kind === 'directory') break
      if (kind !== undefined) throw malformed(`${path} lies below ${ancestor}, which is no directory`)
      // Named by what lies below it: nothing else may take its place.
      kinds.set(ancestor, 'directory')
      if (++implied > ARCHIVE_IMPLIED_DIRECTORIES)
        throw fail('PACKAGE_TOO_LARGE', {
          what: `tar: more than ARCHIVE_IMPLIED_DIRECTORIES, ${ARCHIVE_IMPLIED_DIRECTORIES}, that only paths name`,
        })
    }
    soundParent = parent
  }

  return (entry) => {
    checkParents(entry.path)
    const before = kinds.get(entry.path)
    const directory = entry.type === 'directory'
    if (before !== undefined && (before === 'directory') !== directory)
      throw malformed(`${entry.path} is both a directory and something else`)
    if (entry.path === '' && !directory) throw malformed('the root is no directory')
    if (entry.type === 'hardlink' && kinds.get(entry.target ?? '') !== 'file')
      throw malformed(`${entry.path} is a hard link to ${entry.target}, which is no file before it`)
    kinds.set(
      entry.path,
      directory ? 'directory' : entry.type === 'file' || entry.type === 'hardlink' ? 'file' : 'other',
    )
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `tar: ${what}` })
}
