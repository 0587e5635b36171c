import { posix } from 'node:path'
import { compareText, type Digest, isErrorCode } from '@holotype/base'
import { type ChangelogEntry, parseChangelog } from '@holotype/formats/changelog'
import { type Entry, lookup, type Store } from '@holotype/store'
import { recallUnpacked } from '../unpack/unpacked.ts'
import { CHANGELOG_BYTES, CHANGELOG_SYMLINKS, CVES_PER_PACKAGE } from './limits.ts'
import type { ImagePackage, ReadImage } from './read-image.ts'
import { gunzipBounded } from './read-text.ts'

/** Reads the changelogs of one image's packages from the package files' own trees: the image itself may leave documentation out. */
export interface Changelogs {
  /** Newest first; empty when the package brings none, or its file's tree is not in the store. */
  of(item: ImagePackage): readonly ChangelogEntry[]
}

/** See {@link Changelogs}. Each source's changelog is read once. */
export function openChangelogs(store: Store, image: ReadImage): Changelogs {
  const trees = new Map<string, Digest | undefined>()
  const treeOf = (item: ImagePackage): Digest | undefined => {
    const key = `${item.name} ${item.architecture}`
    if (!trees.has(key)) trees.set(key, unpackedTree(store, item))
    return trees.get(key)
  }
  const packages = { named: Map.groupBy(image.packages, ({ name }) => name), treeOf }
  const bySource = Map.groupBy(image.packages, ({ source }) => source)
  const read = new Map<string, readonly ChangelogEntry[]>()
  return {
    of(item) {
      const key = `${item.name} ${item.architecture}`
      const known = read.get(key)
      if (known) return known
      // Its own first; else another package of the source has the same one.
      const siblings = (bySource.get(item.source) ?? []).filter((other) => other.sourceVersion === item.sourceVersion)
      for (const candidate of [item, ...siblings]) {
        const entries = readChangelog(store, packages, candidate)
        if (entries.length === 0) continue
        read.set(key, entries)
        return entries
      }
      read.set(key, [])
      return []
    },
  }
}

interface Packages {
  readonly named: ReadonlyMap<string, readonly ImagePackage[]>
  readonly treeOf: (item: ImagePackage) => Digest | undefined
}

function readChangelog(store: Store, packages: Packages, item: ImagePackage): ChangelogEntry[] {
  const folder = `usr/share/doc/${item.name}`
  const read = (name: string) => {
    const text = readDocument(store, packages, item, `${folder}/${name}`)
    return text === undefined ? [] : parseChangelog(text)
  }
  // Debian Policy 12.7. A rebuild (binNMU) has its one entry in a file of its own.
  const rebuilds = read(`changelog.Debian.${item.architecture}.gz`)
  const main = read('changelog.Debian.gz')
  if (main.length > 0 || rebuilds.length > 0) return [...rebuilds, ...main]
  // Without a Debian revision `changelog.gz` is the package's own, with one it is the upstream's, in any form.
  const plain = read('changelog.Debian')
  return plain.length > 0 || item.sourceVersion.includes('-') ? plain : read('changelog.gz')
}

/** A file of a package by path, following symlinks also into the documentation of other packages of the image. */
function readDocument(store: Store, packages: Packages, item: ImagePackage, path: string): string | undefined {
  let current = path
  for (let followed = 0; followed <= CHANGELOG_SYMLINKS; followed++) {
    const owner = followed === 0 ? [item] : (packages.named.get(current.split('/')[3] ?? '') ?? [])
    const found = firstOf(owner, (candidate) => {
      const tree = packages.treeOf(candidate)
      return tree === undefined ? undefined : follow(store, tree, current)
    })
    if (found === undefined) return undefined
    if (typeof found !== 'string') {
      if (found.type !== 'file' || found.size > CHANGELOG_BYTES) return undefined
      const stored = store.read(found.digest)
      return (current.endsWith('.gz') ? gunzipBounded(stored, CHANGELOG_BYTES) : stored)?.toString()
    }
    current = found
  }
  return undefined
}

/** The entry at a path, or the path that the first symlink on the way leads to (confined to the root, relative to it). */
function follow(store: Store, tree: Digest, path: string): Entry | string | undefined {
  const parts = path.split('/')
  for (let length = 1; length <= parts.length; length++) {
    const prefix = parts.slice(0, length).join('/')
    const entry = lookup(store, tree, prefix)
    if (entry === undefined || length === parts.length) {
      if (entry?.type !== 'symlink') return entry
    } else if (entry.type !== 'symlink') continue
    const rest = parts.slice(length).join('/')
    return posix.resolve('/', posix.dirname(prefix), entry.target, rest).slice(1)
  }
  return undefined
}

function firstOf<In, Out>(values: readonly In[], map: (value: In) => Out | undefined): Out | undefined {
  for (const value of values) {
    const result = map(value)
    if (result !== undefined) return result
  }
  return undefined
}

/** The tree of a package file that was unpacked into this store; undefined when it was not, or is there no more. */
function unpackedTree(store: Store, item: ImagePackage): Digest | undefined {
  if (item.file === undefined) return undefined
  try {
    return recallUnpacked(store, item.file)?.tree
  } catch (error) {
    // A note is a hint: without its object the changelog is not at hand, which is no reason to refuse a diff.
    if (isErrorCode(error, 'OBJECT_MISSING')) return undefined
    throw error
  }
}

/** The CVE ids that texts name (CVE Record Format: a year, then at least four digits), each once, by year and number. */
export function cvesIn(texts: readonly string[]): string[] {
  const found = new Set(texts.flatMap((text) => text.match(/\bCVE-\d{4}-\d{4,19}\b/g) ?? []))
  return [...found].sort(compareCves).slice(0, CVES_PER_PACKAGE)
}

/** Orders CVE ids by year, then number, which text order does not. */
export function compareCves(a: string, b: string): number {
  const [, yearA = '', numberA = ''] = a.split('-')
  const [, yearB = '', numberB = ''] = b.split('-')
  return compareText(yearA, yearB) || numberA.length - numberB.length || compareText(numberA, numberB)
}
