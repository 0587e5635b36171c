import { posix } from 'node:path'
import { isDigest } from '@holotype/base'
import type { Relation } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { definedVersions, readElf } from '../diff/plugins/elf-file.ts'
import { LIBRARY_BYTES, LIBRARY_LINKS } from './limits.ts'
import { mergedPath, type SidePackage } from './read-side.ts'

/** `libz.so.1(ZLIB_1.2.0)(64bit)`: a library as rpm's elfdeps names it, with a version of its symbols. */
const LIBRARY = /^([^()\s]+\.so[^()\s]*)\(([^()\s]*)\)(?:\(64bit\))?$/

/** What is there when a package of the other side comes. */
export interface Surroundings {
  /** What its packages ask for. */
  readonly asked: readonly Relation[]
  /** The names of its packages. */
  readonly names: ReadonlySet<string>
  /** What a name of the other side is called here; undefined: alike. */
  readonly here: (name: string) => string | undefined
  /** What a name of here is called on the other side. */
  readonly there: (name: string) => string | undefined
}

/** The packages that are there, by name, whose place a package takes that is called otherwise. */
export function placesTaken(name: string, { names, here, there }: Surroundings): string[] {
  const renamed = here(name)
  const taken = [...names].filter((old) => there(old) === name)
  if (renamed !== undefined && names.has(renamed)) taken.push(renamed)
  return [...new Set(taken)].filter((old) => old !== name)
}

/**
 * By which names packages that are there ask for what a package of the other side brings: what the tables call it, its paths as they were before /usr was
 * merged, and for rpm its libraries, with the versions that their symbols have in fact. Sorted.
 */
export function standIns(store: Store, item: SidePackage, surroundings: Surroundings): string[] {
  const { name } = item.record
  const found = new Set(placesTaken(name, surroundings))
  for (const { name: asked } of surroundings.asked) {
    const [, soname, version = ''] = LIBRARY.exec(asked) ?? []
    if (soname === undefined) {
      const isPath = asked.startsWith('/')
      if (isPath ? !item.files.has(asked) && item.files.has(mergedPath(asked)) : surroundings.there(asked) === name)
        found.add(asked)
    } else if (
      item.sonames.provided.includes(soname) &&
      (version === '' || versionsOf(store, item, soname).has(version))
    )
      found.add(asked)
  }
  found.delete(name)
  return [...found].sort()
}

const known = new WeakMap<SidePackage, Map<string, ReadonlySet<string>>>()

/** The versions that a package's library defines; none if it cannot be read. */
function versionsOf(store: Store, item: SidePackage, soname: string): ReadonlySet<string> {
  const byName = known.get(item) ?? new Map<string, ReadonlySet<string>>()
  known.set(item, byName)
  const before = byName.get(soname)
  if (before) return before
  const versions = new Set<string>()
  byName.set(soname, versions)
  for (const path of item.files.keys()) {
    if (posix.basename(path) !== soname) continue
    const digest = fileAt(item, path)
    if (!isDigest(digest) || store.sizeOf(digest) > LIBRARY_BYTES) continue
    try {
      for (const version of definedVersions(readElf(store.read(digest))).values()) versions.add(version)
    } catch {
      // A library that is damaged defines nothing.
    }
  }
  return versions
}

/** The digest of what lies at a path of a package, links within it followed. */
function fileAt({ files }: SidePackage, path: string): string {
  let at = path
  for (let links = 0; links < LIBRARY_LINKS; links++) {
    const word = files.get(at) ?? ''
    if (!word.startsWith('-> ')) return word.split(' ')[0] ?? ''
    at = posix.resolve(posix.dirname(at), word.slice('-> '.length))
  }
  return ''
}
