import { realpathSync } from 'node:fs'
import { isAbsolute, join, sep } from 'node:path'
import { errnoOf } from '@holotype/base'
import { fail } from './errors.ts'

/**
 * The absolute path of a file or directory that a spec names, symbolic links resolved, confined to the distribution.
 * `from` is the folder that the name is relative to (`images`, `recipes/NAME`), `what` names the reader in errors.
 * @throws DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE
 */
export function resolveSource(directory: string, from: string, source: string, shownAs = source): string {
  const root = realpathSync(directory)
  if (isAbsolute(source) || source.includes('\0'))
    throw fail('DISTRIBUTION_SOURCE_OUTSIDE', {
      what: `${shownAs}: the path must be relative, within the distribution`,
    })
  const outside = () => fail('DISTRIBUTION_SOURCE_OUTSIDE', { what: `${shownAs}: it leads out of the distribution` })
  const path = join(root, from, source)
  // Judged before the disk is asked: what lies outside must not even be probed for.
  if (!isWithin(root, path)) throw outside()
  let real: string
  try {
    real = realpathSync(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR' && errno !== 'ELOOP') throw error
    throw fail('DISTRIBUTION_SOURCE_MISSING', { what: `${shownAs}: there is no ${join(from, source)}`, cause: error })
  }
  if (!isWithin(root, real)) throw outside()
  return real
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}
