import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { parseManifest } from '../tree/manifest.ts'
import type { Store } from '@holotype/store'
import { walkTree } from '@holotype/store'
import type { Digest } from '@holotype/base'

/** Every path of a directory as one line each, with all that an image says of it: an oracle that shares no code with the scanner. */
export function describeRoot(root: string, skip: (path: string) => boolean = () => false): string[] {
  const lines: string[] = []
  const visit = (path: string) => {
    if (skip(path)) return
    const full = join(root, path)
    const stat = lstatSync(full)
    const owner = `${stat.uid}:${stat.gid} ${Math.floor(stat.mtimeMs / 1000)}`
    if (stat.isSymbolicLink()) lines.push(`${path} link ${owner} ${readlinkSync(full)}`)
    else if (stat.isFile())
      lines.push(
        `${path} file ${(stat.mode & 0o7777).toString(8)} ${owner} ${stat.size} ${digestOf(readFileSync(full))}`,
      )
    else if (stat.isDirectory()) {
      lines.push(`${path} dir ${(stat.mode & 0o7777).toString(8)} ${owner}`)
      for (const name of readdirSync(full)) visit(`${path === '/' ? '' : path}/${name}`)
    } else lines.push(`${path} other ${(stat.mode & 0o7777).toString(8)} ${owner}`)
  }
  visit('/')
  return lines.sort()
}

/** The same lines of what an image says. */
export function describeImage(store: Store, image: Digest): string[] {
  const { root } = parseManifest(store.read(image))
  const lines = [`/ dir ${root.mode.toString(8)} ${root.uid}:${root.gid} ${root.mtime}`]
  for (const { path, entry } of walkTree(store, root.tree)) {
    if (path === '') continue
    const owner = `${entry.uid}:${entry.gid} ${entry.mtime}`
    const mode = entry.mode.toString(8)
    if (entry.type === 'symlink') lines.push(`/${path} link ${owner} ${entry.target}`)
    else if (entry.type === 'file') lines.push(`/${path} file ${mode} ${owner} ${entry.size} ${entry.digest}`)
    else if (entry.type === 'directory') lines.push(`/${path} dir ${mode} ${owner}`)
    else lines.push(`/${path} other ${mode} ${owner}`)
  }
  return lines.sort()
}
