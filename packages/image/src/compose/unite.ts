import { formatOf, type FormatName } from '@holotype/formats'
import type { PathMatcher } from '@holotype/base'
import type { EntryInput, Store } from '@holotype/store'
import { fail } from '../errors.ts'
import type { LockedUnpacked } from '../unpack/unpack-all.ts'
import { pathsOf, type Unpacked } from '../unpack/unpacked.ts'
import { SCRIPTS } from './layer.ts'
import { entryInput, type OwnedEntry, type PathMap, pathResolver } from './path-map.ts'

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

/** A file that is another package's in the end. */
export interface Taken {
  /** As the package names it that lies there, without a leading slash. */
  readonly path: string
  readonly from: LockedUnpacked
  readonly by: LockedUnpacked
}

/**
 * Lays the trees of all packages over each other into `map`, as the package manager's unpacking would: a directory is its first
 * owner's, a link to a directory stays where another package has that directory, and a path has one owner.
 * @returns what packages lost to those that replace their files
 * @throws IMAGE_PATH_CONFLICT with both owners' names
 */
export function unite(map: PathMap, options: UniteOptions): Taken[] {
  const taken: Taken[] = []
  const resolver = pathResolver(map)
  const among = options.among ?? options.packages
  const replaces = replacesOf(options.format, among)
  /**
   * Whether a path with equal content in both may have two owners. rpm lets it; dpkg and pacman refuse it, but that dpkg leaves a link which leads
   * to a directory already (`linktosameexistingdir`), and lets one package of two architectures have its files in common.
   */
  const mayShare = (present: OwnedEntry, { owner, place }: { readonly owner: string; readonly place: string }) =>
    options.format === 'rpm' ||
    present.owner === owner ||
    !present.owner.startsWith('package:') ||
    map.get(resolver.resolve(`${place}/.`))?.entry.type === 'directory'
  for (const candidate of options.packages) {
    const { name, unpacked } = candidate
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
      const equal = sameContent(present.entry, incoming)
      if (directories ? directoriesMeet(present.entry, incoming) : equal && mayShare(present, { owner, place }))
        continue
      const other = present.owner.replace(/^package:/, '')
      // Replaces is about files: no package replaces a directory, which others have files in (deb-control(5)).
      const loser = directories ? undefined : replaces(candidate, other)
      if (loser !== undefined) {
        taken.push({ path, from: loser, by: candidate })
        map.set(place, { entry: incoming, owner, ...inodes(path) })
        resolver.forget(place)
        continue
      }
      const winner = directories ? undefined : among.find((one) => one.name === other)
      if (winner === undefined || replaces(winner, name) === undefined)
        throw fail('IMAGE_PATH_CONFLICT', {
          what: `/${place} is held by ${other} and by ${name}${equal ? '' : ', with different content'}`,
        })
      taken.push({ path, from: candidate, by: winner })
    }
  }
  return taken
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

/** The package of a name, if the other declares that it replaces its files. Asked at a conflict alone. */
function replacesOf(
  format: FormatName,
  among: readonly LockedUnpacked[],
): (winner: LockedUnpacked, loser: string) => LockedUnpacked | undefined {
  const { parseDependencies, satisfies } = formatOf(format)
  return ({ unpacked }, loser) => {
    const text = unpacked.fields.find(([name]) => name.toLowerCase() === 'replaces')?.[1]
    const found = among.find((candidate) => candidate.name === loser)
    if (text === undefined || found === undefined) return undefined
    const named = parseDependencies(text)
      .flat()
      .some(
        (relation) =>
          relation.name === loser &&
          (relation.operator === undefined ||
            relation.version === undefined ||
            satisfies(found.version, relation.operator, relation.version)),
      )
    return named ? found : undefined
  }
}
