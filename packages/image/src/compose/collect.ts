import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import type { EntryInput, Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { type PathMap, removeBelow } from './path-map.ts'
import { readTar, type TarMember } from './read-tar.ts'
import { type Diverted, scriptEffects } from './script-effects.ts'

/** Who owns a path that was not there before. */
const OWNER = 'step:maintainer-scripts'

/**
 * Extended attributes that a script can set and that mean the same on every machine (xattr(7)). Not: overlayfs' own, and labels of the
 * machine's security modules.
 */
const KEPT_ATTRIBUTES = ['security.capability', 'user.', 'system.posix_acl_']

export interface CollectOptions {
  readonly store: Store
  /** The upper layer of an overlay: what scripts changed and nothing else. */
  readonly upper: string
  readonly scratch: string
  /** Seconds since the epoch: nothing is newer than this. */
  readonly epoch: number
  readonly signal?: AbortSignal | undefined
  /** Globs of what scripts may write besides the usual (see {@link scriptEffects}). Default: anything. */
  readonly allow?: readonly string[]
  /** What diversions moved, asked when the changes are in the map. Default: nothing. */
  readonly diverted?: () => Diverted
}

/**
 * Carries what a sandbox changed into the image. Costs what changed, not what the image holds.
 * GNU tar reads the layer, because Node has no call for extended attributes (file capabilities, overlayfs' opaque marks).
 * @throws IMAGE_SCRIPT_EFFECT, IMAGE_MALFORMED
 */
export async function collect(map: PathMap, options: CollectOptions): Promise<void> {
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
  const effects = scriptEffects(options.allow ?? ['/**'])
  for (const member of readTar(archive)) {
    // The layer's own top is the sandbox's, not a script's.
    if (member.path === '') continue
    const before = map.get(member.path)?.entry
    if (isWhiteout(member)) {
      effects.add({ path: `/${member.path}`, before, after: undefined })
      removeBelow(map, member.path, { keepSelf: false })
      continue
    }
    if (member.xattrs['trusted.overlay.opaque'] !== undefined) removeBelow(map, member.path, { keepSelf: true })
    const owner = map.get(member.path)?.owner ?? OWNER
    const entry = toEntry(map, member, options)
    effects.add({ path: `/${member.path}`, before, after: entry })
    if (entry.type !== 'directory' && map.get(member.path)?.entry.type === 'directory')
      removeBelow(map, member.path, { keepSelf: true })
    map.set(member.path, { entry, owner, ...(member.type === 'hardlink' ? secondName(map, member) : {}) })
  }
  effects.refuse(options.diverted?.())
}

/** A script's own hard link: tar stores the bytes under the first name, which is in the map already. */
function secondName(map: PathMap, member: TarMember): { readonly inode: string } {
  const path = first(member)
  const found = map.get(path)
  const inode = `script:${path}`
  if (found) map.set(path, { ...found, inode })
  return { inode }
}

function first(member: TarMember): string {
  return member.target.replace(/^\.\//, '')
}

function isWhiteout(member: TarMember): boolean {
  return member.type === 'character' && member.major === 0 && member.minor === 0
}

function toEntry(map: PathMap, member: TarMember, options: CollectOptions): EntryInput {
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
      const target = map.get(first(member))?.entry
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
