import { posix } from 'node:path'
import { isSharedObject } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { PATH_SYMLINKS } from '../limits.ts'
import { readSonames } from '../diff/linked-files.ts'
import type { ImagePath } from './image-paths.ts'

/** A dynamically linked ELF file of an image. */
export interface LinkedObject {
  readonly file: ImagePath
  readonly soname?: string
  readonly needed: readonly string[]
  /** True for a shared object where the dynamic linker looks for libraries. What lies elsewhere is a program, or a plug-in or private library. */
  readonly library: boolean
  /** The names by which it is found: its soname, its file's name, and those of links that lead to it. */
  readonly names: ReadonlySet<string>
  /** Those links. */
  readonly links: readonly string[]
}

/** Where ld.so(8) looks without being told: also the directories that Debian's ld.so has built in, `/usr/lib/x86_64-linux-gnu`. */
const BUILT_IN = /^(?:\/usr)?\/lib(?:32|64|x32)?(?:\/[a-z0-9_]+-linux-[a-z0-9]+)?$/

/** Every dynamically linked file of an image: a few reads each. What is neither executable nor named like a library nothing starts or links. */
export function linkedObjects(store: Store, paths: readonly ImagePath[]): LinkedObject[] {
  const directories = configuredDirectories(store, paths)
  const links = linksByFileName(paths)
  return paths.flatMap((file) => {
    const shared = isSharedObject(file.path)
    if (file.digest === undefined || !(shared || file.mode & 0o111)) return []
    const sonames = readSonames(store, file.digest)
    if (!sonames) return []
    const name = posix.basename(file.path)
    const directory = posix.dirname(file.path)
    const leading = links.get(name) ?? []
    const names = new Set([name, ...leading.map((link) => posix.basename(link))])
    if (sonames.soname !== undefined) names.add(sonames.soname)
    return [
      {
        file,
        ...sonames,
        library: shared && (BUILT_IN.test(directory) || directories.has(directory)),
        names,
        links: leading,
      },
    ]
  })
}

/** The directories that ldconfig(8) is told of. */
function configuredDirectories(store: Store, paths: readonly ImagePath[]): Set<string> {
  const files = paths.filter(({ path, bytes }) => /^\/etc\/ld\.so\.conf(\.d\/.*)?$/.test(path) && bytes < 65_536)
  const lines = files.flatMap(({ digest }) => (digest ? store.read(digest).toString('latin1').split('\n') : []))
  return new Set(lines.flatMap((line) => /^\s*(\/[^\s#]*?)\/?\s*(?:#.*)?$/.exec(line)?.[1] ?? []))
}

/** The links that lead to a file, by its name: a library is asked for by name, whichever directory it is found in. */
function linksByFileName(paths: readonly ImagePath[]): Map<string, readonly string[]> {
  const links = paths.filter(({ path, target }) => target !== undefined && isSharedObject(path))
  const targets = new Map(links.map(({ path, target = '' }) => [posix.basename(path), posix.basename(target)]))
  return Map.groupBy(
    links.map(({ path }) => path),
    (path) => {
      let name = posix.basename(path)
      for (let hops = 0; hops < PATH_SYMLINKS && targets.has(name) && targets.get(name) !== name; hops++)
        name = targets.get(name) ?? name
      return name
    },
  )
}
