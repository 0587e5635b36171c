import {
  chmodSync,
  lchownSync,
  lutimesSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { buildTree, type EntryInput, type Store } from '@holotype/store'
import { fail } from './errors.ts'

export interface SourceCopy {
  /** Who builds. */
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch: the time every file gets. */
  readonly epoch: number
}

/**
 * Copies a recipe's source into the sandbox's build directory and keeps it in the store: what was built can be built again. Owner, time
 * and mode (755 or 644, by the executable bit) are the same whoever checked the recipe out, and under any umask.
 * @throws BUILD_SOURCE_MALFORMED (anything but files, directories and links), DISK_FULL
 */
export function copySource(
  store: Store,
  options: { readonly from: string; readonly to: string; readonly as: SourceCopy },
): Digest {
  const { as } = options
  const placed: { path: string; entry: EntryInput }[] = []
  const visit = (path: string): void => {
    const from = join(options.from, path)
    const to = join(options.to, path)
    const stat = lstatSync(from)
    const metadata = { uid: 0, gid: 0, mtime: as.epoch }
    if (stat.isDirectory()) {
      mkdirSync(to, { recursive: true })
      chmodSync(to, 0o755)
      placed.push({ path, entry: { type: 'directory', mode: 0o755, ...metadata } })
      for (const name of readdirSync(from).sort()) visit(path === '' ? name : `${path}/${name}`)
    } else if (stat.isFile()) {
      const bytes = readFileSync(from)
      const mode = stat.mode & 0o111 ? 0o755 : 0o644
      writeFileSync(to, bytes)
      chmodSync(to, mode)
      placed.push({ path, entry: { type: 'file', mode, ...metadata, digest: store.put(bytes), size: bytes.length } })
    } else if (stat.isSymbolicLink()) {
      const target = readlinkSync(from)
      symlinkSync(target, to)
      placed.push({ path, entry: { type: 'symlink', mode: 0o777, ...metadata, target } })
    } else throw fail('BUILD_SOURCE_MALFORMED', { what: `${from} is neither a file, a directory nor a symbolic link` })
    lchownSync(to, as.uid, as.gid)
    lutimesSync(to, as.epoch, as.epoch)
  }
  visit('')
  return buildTree(store, placed).digest
}
