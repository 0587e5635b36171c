import { fail } from '../errors.ts'
import type { PayloadEntry } from '../types.ts'

/**
 * Checks the members of one archive against each other: a path below another member's symbolic link or file would land elsewhere than it
 * says, and a hard link may only name a file that came before it.
 * @returns a function to call with each member in order. @throws PACKAGE_MALFORMED
 */
export function pathGuard(): (entry: PayloadEntry) => void {
  const kinds = new Map<string, 'directory' | 'file' | 'other'>()
  /** Most members lie beside the one before them. */
  let soundParent = ''

  function checkParents(path: string): void {
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? '' : path.slice(0, slash)
    if (parent === '' || parent === soundParent) return
    for (let at = parent.indexOf('/'); ; at = parent.indexOf('/', at + 1)) {
      const ancestor = at < 0 ? parent : parent.slice(0, at)
      const kind = kinds.get(ancestor)
      if (kind !== undefined && kind !== 'directory')
        throw malformed(`${path} lies below ${ancestor}, which is no directory`)
      // Named by what lies below it: nothing else may take its place.
      if (kind === undefined) kinds.set(ancestor, 'directory')
      if (at < 0) break
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

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `tar: ${what}` })
}
