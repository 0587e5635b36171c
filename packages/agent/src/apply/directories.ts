import { closeSync, constants, openSync } from 'node:fs'
import { explain } from '../explain.ts'
import { OPEN_DIRECTORIES } from '../limits.ts'
import { systemPath } from '../tree/names.ts'

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * The root's directories by open descriptors. Each is opened from its parent's descriptor without following a symlink, so whatever
 * somebody does to the tree meanwhile, nothing is written outside the root. Node has no openat(2); Linux' `/proc/self/fd/N/NAME` is the same.
 *
 * A path given back is good until the next call: use it at once. A name in it that is not UTF-8 wants `systemPath`.
 */
export class Directories implements Disposable {
  readonly #root: number
  readonly #open = new Map<string, number>()

  constructor(root: string) {
    this.#root = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  }

  /** The descriptor of a directory of the root (`/` is the root itself). @throws AGENT_ROOT_CHANGED, AGENT_NOT_PERMITTED */
  descriptor(directory: string): number {
    if (directory === '/' || directory === '') return this.#root
    const known = this.#open.get(directory)
    if (known !== undefined) return known
    const slash = directory.lastIndexOf('/')
    const parent = this.descriptor(directory.slice(0, slash))
    try {
      const opened = openSync(systemPath(`/proc/self/fd/${parent}/${directory.slice(slash + 1)}`), FLAGS)
      this.#open.set(directory, opened)
      this.#evict()
      return opened
    } catch (error) {
      throw explain(error, directory)
    }
  }

  /** A path that leads to `path` of the root and nowhere else. */
  at(path: string): string {
    const slash = path.lastIndexOf('/')
    return `/proc/self/fd/${this.descriptor(path.slice(0, slash))}/${path.slice(slash + 1)}`
  }

  /** The same directory as another process may name it while this one keeps it open. */
  forOthers(directory: string): string {
    return `/proc/${process.pid}/fd/${this.descriptor(directory)}`
  }

  /** Closes what is open at and below a path that is going away or is exchanged. */
  forget(path: string): void {
    for (const [directory, file] of this.#open)
      if (directory === path || directory.startsWith(`${path}/`)) {
        closeSync(file)
        this.#open.delete(directory)
      }
  }

  #evict(): void {
    if (this.#open.size <= OPEN_DIRECTORIES) return
    const [oldest] = this.#open
    if (!oldest) return
    closeSync(oldest[1])
    this.#open.delete(oldest[0])
  }

  [Symbol.dispose](): void {
    for (const file of this.#open.values()) closeSync(file)
    this.#open.clear()
    closeSync(this.#root)
  }
}
