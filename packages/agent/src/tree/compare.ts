import { constants, readlinkSync, type Stats } from 'node:fs'
import type { Digest } from '@holotype/base'
import type { Entry } from '@holotype/store'
import type { DifferenceKind, DirectoryMetadata } from './plan.ts'

const TYPES: Readonly<Record<Entry['type'], number>> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
  fifo: constants.S_IFIFO,
}

export function isDirectory(stat: Stats): boolean {
  return (stat.mode & constants.S_IFMT) === constants.S_IFDIR
}

export function hasType(stat: Stats, type: Entry['type']): boolean {
  return (stat.mode & constants.S_IFMT) === TYPES[type]
}

/**
 * How what lies at a path differs from an entry, extended attributes aside. `digest` is asked only for a file of the right size;
 * undefined from it means that the bytes cannot be read.
 */
export function compareLeaf(
  stat: Stats,
  entry: Exclude<Entry, { type: 'directory' }>,
  actual: { readonly path: string; digest(): Digest | undefined },
): DifferenceKind[] {
  if (!hasType(stat, entry.type)) return ['type']
  // The time of a fifo or a device is that of whoever wrote to it last: written anew for it, it would be taken from who uses it.
  const kinds = compareMetadata(stat, entry, { mtime: entry.type !== 'file' && entry.type !== 'symlink' })
  if (entry.type === 'file') {
    if (stat.size !== entry.size || actual.digest() !== entry.digest) kinds.push('content')
  } else if (entry.type === 'symlink') {
    if (readlinkSync(actual.path) !== entry.target) kinds.push('target')
  } else if (entry.type !== 'fifo') {
    const { major, minor } = deviceOf(stat.rdev)
    if (major !== entry.major || minor !== entry.minor) kinds.push('device')
  }
  return kinds
}

export function compareMetadata(
  stat: Stats,
  entry: DirectoryMetadata | Entry,
  ignore: { readonly mtime?: boolean } = {},
): DifferenceKind[] {
  const kinds: DifferenceKind[] = []
  const symlink = 'type' in entry && entry.type === 'symlink'
  // Linux has no modes of symlinks.
  if (!symlink && (stat.mode & 0o7777) !== entry.mode) kinds.push('mode')
  if (stat.uid !== entry.uid || stat.gid !== entry.gid) kinds.push('owner')
  if (!ignore.mtime && stat.mtimeMs !== entry.mtime * 1000) kinds.push('mtime')
  return kinds
}

/** Linux's device numbers as glibc packs them into 64 bits (gnu_dev_major, gnu_dev_minor). */
export function deviceOf(rdev: number): { readonly major: number; readonly minor: number } {
  const number = BigInt(rdev)
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  }
}
