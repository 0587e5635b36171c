import type { Digest } from '@holotype/base'
import { type Store, walkTree } from '@holotype/store'

/** A file or link of an image. */
export interface ImagePath {
  /** Absolute. */
  readonly path: string
  /** `package:NAME`, `spec`, `step:NAME`; undefined where nobody's. */
  readonly owner: string | undefined
  readonly type: 'file' | 'symlink' | 'other'
  readonly mode: number
  readonly bytes: number
  /** Of a file. */
  readonly digest?: Digest
  /** Of a link. */
  readonly target?: string
}

/** Everything in a tree but directories. @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID */
export function imagePaths(store: Store, tree: Digest, ownerOf: (path: string) => string | undefined): ImagePath[] {
  const found: ImagePath[] = []
  for (const { path: relative, entry } of walkTree(store, tree)) {
    if (entry.type === 'directory') continue
    const path = `/${relative}`
    const common = { path, owner: ownerOf(path), mode: entry.mode }
    if (entry.type === 'file') found.push({ ...common, type: 'file', bytes: entry.size, digest: entry.digest })
    else if (entry.type === 'symlink') found.push({ ...common, type: 'symlink', bytes: 0, target: entry.target })
    else found.push({ ...common, type: 'other', bytes: 0 })
  }
  return found
}

export function sumOf(paths: readonly ImagePath[]): { readonly files: number; readonly bytes: number } {
  return { files: paths.length, bytes: paths.reduce((sum, { bytes }) => sum + bytes, 0) }
}

export function packageOf({ owner }: ImagePath): string | undefined {
  return owner?.startsWith('package:') ? owner.slice('package:'.length) : undefined
}
