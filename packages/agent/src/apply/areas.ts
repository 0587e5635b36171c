import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, removePath } from '@holotype/base'
import { explain } from '../explain.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { nameOf, parentOf } from '../tree/names.ts'
import { TEMPORARY } from '../tree/scan.ts'
import { type Directories } from './directories.ts'
import { takeAclAway } from './inherited-acl.ts'

/** A directory closed to others, on the file system of paths that are to be placed: what is complete in it is placed by a rename. */
export interface Area {
  /** As this process names it. */
  readonly path: string
  /** As a program that this process starts names it. */
  readonly pathForOthers: string
  /** It lies in the staging folder: staged files need not be copied into it. */
  readonly holdsStaged: boolean
}

let lastTemporary = 0

/** A name in the directory of `path` that only this program makes, and that the next run removes if it is left. */
export function temporaryBeside(path: string): string {
  return `${path.slice(0, path.lastIndexOf('/'))}/${TEMPORARY}${process.pid}-${++lastTemporary}`
}

/**
 * One area for each file system of a root that a plan writes to: the staging folder where a rename out of it works, else a directory
 * of ours in the root, which is there only while its file system is written to.
 */
export class Areas implements Disposable {
  readonly #directories: Directories
  readonly #toMake: ReadonlySet<string>
  readonly #byDirectory = new Map<string, Area>()
  readonly #byDevice = new Map<number, Area>()
  readonly #opened: number[] = []
  readonly #made: { readonly parent: string; readonly name: string }[] = []
  readonly #own: string

  /** `toMake`: directories that are not there yet. */
  constructor(directories: Directories, staged: ObjectFolder, toMake: ReadonlySet<string>) {
    this.#directories = directories
    this.#toMake = toMake
    this.#own = join(staged.directory, 'ready')
    // A run that was killed may have left something there.
    removePath(this.#own)
    mkdirSync(this.#own, { mode: 0o700 })
  }

  /** The area from which `path` can be placed. @throws AGENT_ROOT_CHANGED, AGENT_NOT_PERMITTED, DISK_FULL */
  for(path: string): Area {
    let directory = parentOf(path)
    const known = this.#byDirectory.get(directory)
    if (known) return known
    const asked = directory
    while (this.#toMake.has(directory)) directory = parentOf(directory)
    const { dev } = fstatSync(this.#directories.descriptor(directory))
    const area = this.#byDevice.get(dev) ?? this.#open(directory)
    this.#byDevice.set(dev, area)
    this.#byDirectory.set(asked, area)
    return area
  }

  /** Makes those from which these paths can be placed, none with an ACL. @throws AGENT_ROOT_CHANGED, AGENT_NOT_PERMITTED, AGENT_IO, DISK_FULL, PROCESS_* */
  async open(paths: Iterable<string>): Promise<void> {
    for (const path of paths) this.for(path)
    for (const place of new Set(this.all.map(({ pathForOthers }) => pathForOthers))) await takeAclAway(place)
  }

  /** All that were asked for. */
  get all(): readonly Area[] {
    return [...this.#byDevice.values()]
  }

  #open(directory: string): Area {
    const holdsStaged = this.#reaches(directory)
    if (holdsStaged) return { path: this.#own, pathForOthers: this.#own, holdsStaged }
    const path = temporaryBeside(`${directory === '/' ? '' : directory}/x`)
    try {
      mkdirSync(this.#directories.at(path), 0o700)
      this.#made.push({ parent: directory, name: nameOf(path) })
      const file = openSync(
        this.#directories.at(path),
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      )
      this.#opened.push(file)
      return { path: `/proc/self/fd/${file}`, pathForOthers: `/proc/${process.pid}/fd/${file}`, holdsStaged }
    } catch (error) {
      throw explain(error, path)
    }
  }

  /**
   * Whether a rename from the staging folder into a directory works. Of names that are not there, rename(2) says ENOENT only after it
   * found both directories on one mount of one file system: equal device numbers do not tell, a bind mount has them too.
   */
  #reaches(directory: string): boolean {
    const nothing = `${TEMPORARY}nothing`
    try {
      renameSync(join(this.#own, nothing), `/proc/self/fd/${this.#directories.descriptor(directory)}/${nothing}`)
      return true
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT') return true
      if (errno === 'EXDEV') return false
      throw explain(error, directory)
    }
  }

  /** Removes them with all that was not placed. What cannot be removed (a disk that fails, say) the next run removes. */
  [Symbol.dispose](): void {
    for (const file of this.#opened.splice(0)) closeSync(file)
    try {
      removePath(this.#own)
      for (const { parent, name } of this.#made.splice(0))
        removePath(`/proc/self/fd/${this.#directories.descriptor(parent)}/${name}`)
    } catch {
      // Why the run fails is told by what fails first.
    }
  }
}
