import { lstatSync } from 'node:fs'
import { errnoOf, isErrorCode, type Progress, run } from '@holotype/base'
import { explain } from '../explain.ts'
import { nameOf, parentOf, systemPath } from '../tree/names.ts'
import { type Directories } from './directories.ts'

/**
 * Does one step at a path. When the system does not permit it, the flags `i` and `a` (chattr(1)) are taken off the path and its
 * directory, which is told, and the step is done once more: the image decides, and what is to be kept has exclusions.
 * @throws AGENT_NOT_PERMITTED, AGENT_ROOT_CHANGED, AGENT_IO, DISK_FULL
 */
export async function insist(
  { directories, progress }: { readonly directories: Directories; readonly progress: Progress },
  path: string,
  step: () => void,
): Promise<void> {
  try {
    step()
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw explain(error, path)
    const freed = [await takeFlagsOff(directories, path), await takeFlagsOff(directories, parentOf(path))]
    if (!freed.includes(true)) throw explain(error, path)
    const text = `took the flag that forbids changes off ${path.toWellFormed()}`
    progress({ kind: 'note', level: 'warning', text })
    try {
      step()
    } catch (again) {
      throw explain(again, path)
    }
  }
}

async function takeFlagsOff(directories: Directories, path: string): Promise<boolean> {
  const name = path === '/' ? '.' : `./${nameOf(path)}`
  const stat = lstatSync(systemPath(directories.at(path)), { throwIfNoEntry: false })
  // The two programs take names as arguments, which here are texts, and follow no symlink only where there is none.
  if (!name.isWellFormed() || !(stat?.isFile() || stat?.isDirectory())) return false
  const cwd = directories.forOthers(parentOf(path))
  try {
    const { stdout } = await run(['lsattr', '-d', '--', name], { cwd })
    if (!/^\S*[ia]/.test(stdout.toString())) return false
    await run(['chattr', '-ia', '--', name], { cwd })
    return true
  } catch (error) {
    // A file system without flags, or a node without e2fsprogs: the first error stands.
    if (isErrorCode(error, 'PROCESS_FAILED') || isErrorCode(error, 'PROCESS_NOT_FOUND')) return false
    throw error
  }
}
