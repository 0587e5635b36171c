import type { Digest } from '@holotype/base'
import type { DirectoryEntry, Entry, FileEntry, Store } from '@holotype/store'
import { LINKS_FOLLOWED, UNIT_FILE_BYTES } from './limits.ts'

/** The files of an image by path, links followed within it. */
export interface ImageFiles {
  /** The names in a directory with what lies there, links not followed. Empty where there is no directory. */
  list(path: string): readonly Entry[]
  /** What a path leads to, and where that lies. Paths are relative to the root, without a leading slash. */
  resolve(path: string): { readonly path: string; readonly entry: Entry | 'root' } | undefined
  /** A text file's content; undefined where there is none, or it is too large to be a unit. */
  text(path: string): string | undefined
}

/** @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID: when something is read */
export function openImageFiles(store: Store, root: Digest): ImageFiles {
  const listed = new Map<Digest, ReadonlyMap<string, Entry>>()
  const entriesOf = (tree: Digest) => {
    const known = listed.get(tree)
    if (known) return known
    const entries = new Map(store.readTree(tree).entries.map((entry) => [entry.name, entry]))
    listed.set(tree, entries)
    return entries
  }
  const resolve: ImageFiles['resolve'] = (wanted) => {
    let waiting = wanted.split('/')
    const way: (Entry & DirectoryEntry)[] = []
    const names: string[] = []
    for (let links = 0; waiting.length > 0; ) {
      const [part = '', ...rest] = waiting
      waiting = rest
      if (part === '' || part === '.') continue
      if (part === '..') {
        way.pop()
        names.pop()
        continue
      }
      const entry = entriesOf(way.at(-1)?.tree ?? root).get(part)
      if (entry === undefined) return undefined
      if (entry.type === 'symlink') {
        if (++links > LINKS_FOLLOWED) return undefined
        if (entry.target.startsWith('/')) {
          way.length = 0
          names.length = 0
        }
        waiting = [...entry.target.split('/'), ...waiting]
      } else if (entry.type === 'directory') {
        way.push(entry)
        names.push(part)
      } else {
        return waiting.some((other) => other !== '' && other !== '.')
          ? undefined
          : { path: [...names, part].join('/'), entry }
      }
    }
    return { path: names.join('/'), entry: way.at(-1) ?? 'root' }
  }
  return {
    resolve,
    list(path) {
      const found = resolve(path)?.entry
      if (found === undefined || (found !== 'root' && found.type !== 'directory')) return []
      return [...entriesOf(found === 'root' ? root : found.tree).values()]
    },
    text(path) {
      const found = resolve(path)?.entry
      return found !== undefined && found !== 'root' && isSmallFile(found)
        ? store.read(found.digest).toString()
        : undefined
    },
  }
}

function isSmallFile(entry: Entry): entry is FileEntry {
  return entry.type === 'file' && entry.size <= UNIT_FILE_BYTES
}
