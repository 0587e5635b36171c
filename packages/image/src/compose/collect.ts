import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { buildTree, type EntryInput, type Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { type Layer, OPAQUE } from './layer.ts'
import { readTar, type TarMember } from './read-tar.ts'

/**
 * Extended attributes that a script can set and that mean the same on every machine (xattr(7)), and overlayfs' mark of a directory that hides
 * what is below it. Not: labels of the machine's security modules.
 */
const KEPT_ATTRIBUTES = ['security.capability', 'user.', 'system.posix_acl_', OPAQUE]

export interface CollectOptions {
  readonly store: Store
  /** The upper layer of an overlay: what scripts changed and nothing else. */
  readonly upper: string
  readonly scratch: string
  /** Seconds since the epoch: nothing is newer than this. */
  readonly epoch: number
  readonly signal?: AbortSignal | undefined
}

/**
 * What a sandbox changed, as objects of the store. Costs what changed, not what the image holds.
 * GNU tar reads the layer, because Node has no call for extended attributes (file capabilities, overlayfs' opaque marks).
 * @throws IMAGE_MALFORMED, DISK_FULL
 */
export async function collect(options: CollectOptions): Promise<Layer> {
  const archive = join(options.scratch, 'upper.tar')
  await run(
    [
      'tar',
      '--create',
      '--file',
      archive,
      '--directory',
      options.upper,
      '--format=pax',
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--sort=name',
      '.',
    ],
    { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, ...(options.signal ? { signal: options.signal } : {}) },
  )
  const entries = new Map<string, EntryInput>()
  const links: [name: string, first: string][] = []
  for (const member of readTar(archive)) {
    // The layer's own top is the sandbox's, not a script's.
    if (member.path === '') continue
    entries.set(member.path, toEntry(entries, member, options))
    if (member.type === 'hardlink') links.push([member.path, first(member)])
  }
  rmSync(archive)
  const { digest } = buildTree(
    options.store,
    [...entries].map(([path, entry]) => ({ path, entry })),
  )
  return { schema: 'holotype.layer/1', tree: digest, links }
}

/** A script's own hard link: tar stores the bytes under the first name, which comes before. */
function first(member: TarMember): string {
  return member.target.replace(/^\.\//, '')
}

function toEntry(entries: ReadonlyMap<string, EntryInput>, member: TarMember, options: CollectOptions): EntryInput {
  const { mode, uid, gid } = member
  const xattrs = Object.fromEntries(
    Object.entries(member.xattrs).filter(([name]) => KEPT_ATTRIBUTES.some((prefix) => name.startsWith(prefix))),
  )
  const metadata = {
    mode,
    uid,
    gid,
    mtime: Math.min(member.mtime, options.epoch),
    ...(Object.keys(xattrs).length > 0 ? { xattrs } : {}),
  }
  switch (member.type) {
    case 'file':
      return { type: 'file', ...metadata, digest: options.store.put(member.bytes), size: member.bytes.length }
    case 'hardlink': {
      const target = entries.get(first(member))
      if (target?.type !== 'file')
        throw fail('IMAGE_MALFORMED', { what: `/${member.path} is a hard link to ${member.target}, which is no file` })
      return { ...target, ...metadata }
    }
    case 'symlink':
      return { type: 'symlink', ...metadata, mode: 0o777, target: member.target }
    case 'character':
    case 'block':
      return { type: member.type, ...metadata, major: member.major, minor: member.minor }
    case 'directory':
      return { type: 'directory', ...metadata }
    case 'fifo':
      return { type: 'fifo', ...metadata }
  }
}
