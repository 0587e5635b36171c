import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import { SYMLINKS_FOLLOWED } from './limits.ts'

/**
 * Where a path of a root directory lies on this machine: symbolic links are followed as if the root were `/`, so that a link in a foreign
 * root never leads out of it. Undefined if nothing is there, or the links form a loop.
 */
export function pathInRoot(root: string, path: string): string | undefined {
  const todo = path.split('/')
  let done: string[] = []
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift()
    if (part === undefined || part === '' || part === '.') continue
    if (part === '..') {
      done = done.slice(0, -1)
      continue
    }
    const here = join(root, ...done, part)
    const link = linkOrNothing(here)
    if (link === undefined) return undefined
    if (link === '') {
      done.push(part)
      continue
    }
    if (++links > SYMLINKS_FOLLOWED) return undefined
    if (link.startsWith('/')) done = []
    todo.unshift(...link.split('/'))
  }
  return join(root, ...done)
}

/**
 * The bytes of a file of a root. A pipe or a device in its place would never end.
 * @throws Error if it is no regular file, or larger than `limit` bytes, what INSTALLED_BYTES has left
 */
export function readRegular(path: string, limit: number): Buffer {
  const stat = statSync(path)
  if (!stat.isFile()) throw new Error('it is no regular file')
  if (stat.size > limit)
    throw new Error(`it is larger than INSTALLED_BYTES allows: ${stat.size} bytes, where ${limit} are left`)
  return readFileSync(path)
}

/** A symbolic link's text, '' for anything else that is there, undefined for nothing. */
function linkOrNothing(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : ''
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw error
  }
}
