import { posix } from 'node:path'
import { type Entry, lookup, type Store } from '@holotype/store'
import type { ReadImage } from '../diff/read-image.ts'
import { textOf } from '../diff/read-text.ts'
import { FACT_FILE_BYTES, FACT_FILES } from './limits.ts'

/** Two images with the store that holds them. */
export interface Sides {
  readonly store: Store
  readonly before: ReadImage
  readonly after: ReadImage
}

/** Links followed on the way to one file (Linux: MAXSYMLINKS). */
const SYMLINKS = 40

/** What lies at an absolute path of an image, links followed within the image, with the path it is at last. */
export function resolve(
  store: Store,
  { tree }: ReadImage,
  path: string,
): { readonly path: string; readonly entry: Entry } | undefined {
  let parts = path.split('/').filter((part) => part !== '')
  let done: string[] = []
  let entry: Entry | undefined
  for (let links = 0; parts.length > 0; ) {
    const [part = '', ...rest] = parts
    parts = rest
    if (part === '.') continue
    if (part === '..') {
      done = done.slice(0, -1)
      continue
    }
    const at = [...done, part]
    entry = lookup(store, tree, at.join('/'))
    if (entry === undefined) return undefined
    if (entry.type !== 'symlink') done = at
    else {
      if (++links > SYMLINKS) return undefined
      if (entry.target.startsWith('/')) done = []
      parts = [...entry.target.split('/').filter((name) => name !== ''), ...parts]
    }
  }
  return entry === undefined || entry.type === 'symlink' ? undefined : { path: `/${done.join('/')}`, entry }
}

/** The text of a configuration file of an image; '' if it is not there, is no text, or is too long. */
export function readConfiguration(store: Store, image: ReadImage, path: string): string {
  const found = resolve(store, image, path)
  if (found?.entry.type !== 'file' || found.entry.size > FACT_FILE_BYTES) return ''
  return textOf(store.read(found.entry.digest)) ?? ''
}

/** The names in a folder of an image, links followed. */
export function namesIn(store: Store, image: ReadImage, path: string): string[] {
  const found = path === '/' ? undefined : resolve(store, image, path)
  if (found?.entry.type !== 'directory') return []
  return store
    .readTree(found.entry.tree)
    .entries.slice(0, FACT_FILES)
    .map(({ name }) => name)
}

/** The texts of the files of some folders whose name ends so. A file of an earlier folder hides those of the same name (systemd.unit(5)). */
export function filesIn(
  store: Store,
  image: ReadImage,
  { folders, ends }: { readonly folders: readonly string[]; readonly ends: string },
): { readonly path: string; readonly text: string }[] {
  const seen = new Set<string>()
  return folders.flatMap((folder) =>
    namesIn(store, image, folder)
      .filter((name) => name.endsWith(ends) && !seen.has(name))
      .map((name) => {
        seen.add(name)
        const path = posix.join(folder, name)
        return { path, text: readConfiguration(store, image, path) }
      }),
  )
}
