import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import type { ImageManifest } from '@holotype/image'
import { buildTree, type EntryInput, type PathInput, type Store } from '@holotype/store'

/**
 * Stores a directory tree as an image: for measuring delivery of trees that others made. Regular files, directories and symlinks; extended
 * attributes are left out, as the peers are told to leave them too.
 */
export function imageOfTree(store: Store, root: string): Digest {
  const paths: PathInput[] = []
  const visit = (path: string) => {
    for (const name of readdirSync(join(root, path))) {
      const below = path === '' ? name : `${path}/${name}`
      const entry = entryOf(store, join(root, below))
      if (!entry) continue
      paths.push({ path: below, entry })
      if (entry.type === 'directory') visit(below)
    }
  }
  visit('')
  const { digest: tree, stats } = buildTree(store, paths)
  const none = store.putJson([])
  const lock = store.putJson({ packages: [] })
  return store.putJson({
    schema: 'holotype.image/1',
    name: 'tree',
    format: 'deb',
    architecture: 'amd64',
    root: { tree, ...metadataOf(root) },
    stats,
    lock,
    spec: none,
    packages: none,
    owners: store.putJson({}),
    exclusions: [],
    triggers: [],
  } satisfies ImageManifest)
}

function metadataOf(path: string) {
  const { mode, uid, gid, mtimeMs } = lstatSync(path)
  return { mode: mode & 0o7777, uid, gid, mtime: Math.floor(mtimeMs / 1000) }
}

function entryOf(store: Store, path: string): EntryInput | undefined {
  const stat = lstatSync(path)
  const metadata = metadataOf(path)
  if (stat.isDirectory()) return { type: 'directory', ...metadata }
  if (stat.isSymbolicLink()) return { type: 'symlink', ...metadata, mode: 0o777, target: readlinkSync(path) }
  if (!stat.isFile()) return undefined
  const bytes = readFileSync(path)
  return { type: 'file', ...metadata, digest: store.put(bytes), size: bytes.length }
}
