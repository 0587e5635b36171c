import { formatOf, type FormatName } from '@holotype/formats'
import type { PathMatcher } from '@holotype/base'
import type { EntryInput, Store } from '@holotype/store'
import { fail } from '../errors.ts'
import type { LockedUnpacked } from '../unpack/unpack-all.ts'
import { pathsOf, type Unpacked } from '../unpack/unpacked.ts'
import { SCRIPTS } from './layer.ts'
import { entryInput, type PathMap, pathResolver } from './path-map.ts'

export interface UniteOptions {
  readonly store: Store
  readonly format: FormatName
  /** In the order the package manager would unpack them. */
  readonly packages: readonly LockedUnpacked[]
  /** All packages of the image: who replaces whom is looked up here. Default: `packages`. */
  readonly among?: readonly LockedUnpacked[]
  readonly pruned: PathMatcher
  /** Default: each at its own path. */
  readonly relocate?: Relocate
}

/** Where a package's file comes to lie that another package diverts. */
export type Relocate = (place: string, name: string) => string

/**
 * Lays the trees of all packages over each other into `map`, as the package manager's unpacking would: a directory is its first
 * owner's, a link to a directory stays where another package has that directory, and a path has one owner.
 * @throws IMAGE_PATH_CONFLICT with both owners' names
 */
export function unite(map: PathMap, options: UniteOptions): void {
  const resolver = pathResolver(map)
  const replaces = replacesOf(options)
  for (const { name, unpacked } of options.packages) {
    const owner = `package:${name}`
    const inodes = inodesOf(name, unpacked)
    for (const { path, entry } of pathsOf(options.store, unpacked)) {
      if (path === '' || (entry.type !== 'directory' && options.pruned(`/${path}`))) continue
      const own = resolver.resolve(path)
      const place = entry.type === 'directory' ? own : (options.relocate?.(own, name) ?? own)
      const present = map.get(place)
      const incoming = entryInput(entry)
      if (present === undefined) {
        map.set(place, { entry: incoming, owner, ...inodes(path) })
        if (incoming.type === 'symlink') resolver.forget(place)
        continue
      }
      // What a script made before is no package's: its directory stays, and its file gives way, as in the package manager's unpacking.
      if (present.owner === SCRIPTS) {
        const stays = directoriesMeet(present.entry, incoming)
        map.set(place, { entry: stays ? present.entry : incoming, owner, ...(stays ? {} : inodes(path)) })
        resolver.forget(place)
        continue
      }
      const directories = present.entry.type === 'directory' || incoming.type === 'directory'
      if (directories ? directoriesMeet(present.entry, incoming) : sameContent(present.entry, incoming)) continue
      const other = present.owner.replace(/^package:/, '')
      // Replaces is about files: no package replaces a directory, which others have files in (deb-control(5)).
      if (!directories && replaces(name, other)) {
        map.set(place, { entry: incoming, owner, ...inodes(path) })
        resolver.forget(place)
      } else if (directories || !replaces(other, name)) {
        throw fail('IMAGE_PATH_CONFLICT', {
          what: `/${place} is held by ${other} and by ${name}, with different content`,
        })
      }
    }
  }
}

/** Which names of a package are one file. */
function inodesOf(name: string, { hardlinks = [] }: Unpacked): (path: string) => { readonly inode?: string } {
  const known = new Map(
    hardlinks.flatMap((group) => group.map((path) => [path, { inode: `${name}:${group[0]}` }] as const)),
  )
  return (path) => known.get(path) ?? {}
}

/** dpkg leaves a directory where a package has a link to one, and a link where a package has a directory. */
function directoriesMeet(present: EntryInput, incoming: EntryInput): boolean {
  const directoryOrLink = (entry: EntryInput) => entry.type === 'directory' || entry.type === 'symlink'
  return directoryOrLink(present) && directoryOrLink(incoming)
}

function sameContent(a: EntryInput, b: EntryInput): boolean {
  if (a.type === 'file' && b.type === 'file')
    return a.digest === b.digest && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid
  return a.type === 'symlink' && b.type === 'symlink' && a.target === b.target
}

/** Whether one package of the lock declares that it replaces another's files. Asked at a conflict alone. */
function replacesOf(options: UniteOptions): (winner: string, loser: string) => boolean {
  const format = formatOf(options.format)
  const among = options.among ?? options.packages
  return (winner, loser) => {
    const fields = among.find((candidate) => candidate.name === winner)?.unpacked.fields ?? []
    const text = fields.find(([name]) => name.toLowerCase() === 'replaces')?.[1]
    if (text === undefined) return false
    const version = among.find((candidate) => candidate.name === loser)?.version ?? ''
    return format
      .parseDependencies(text)
      .flat()
      .some(
        (relation) =>
          relation.name === loser &&
          (relation.operator === undefined ||
            relation.version === undefined ||
            format.satisfies(version, relation.operator, relation.version)),
      )
  }
}
