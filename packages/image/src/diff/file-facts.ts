import type { Entry } from '@holotype/store'
import type { FileFacts } from '../types.ts'
import { decodeCapabilities } from './capabilities.ts'

/** What `ls -l` would show of an entry. */
export function factsOf(entry: Entry): FileFacts {
  const { type, mode, uid, gid } = entry
  const capability = entry.xattrs?.['security.capability']
  return {
    type,
    mode,
    uid,
    gid,
    size: entry.type === 'file' ? entry.size : 0,
    ...(entry.type === 'file' ? { digest: entry.digest } : {}),
    ...(entry.type === 'symlink' ? { target: entry.target } : {}),
    ...(entry.type === 'character' || entry.type === 'block' ? { target: `${entry.major}, ${entry.minor}` } : {}),
    ...(capability === undefined ? {} : { capabilities: decodeCapabilities(capability) }),
  }
}

/** How two entries of one path differ. Time alone is no difference: a file that was rebuilt with the same bytes is the same file. */
export function compareEntries(before: Entry, after: Entry): 'same' | 'metadata' | 'changed' {
  if (before.type !== after.type || contentOf(before) !== contentOf(after)) return 'changed'
  const same =
    before.mode === after.mode &&
    before.uid === after.uid &&
    before.gid === after.gid &&
    attributesOf(before) === attributesOf(after)
  return same ? 'same' : 'metadata'
}

function contentOf(entry: Entry): string {
  if (entry.type === 'file') return entry.digest
  if (entry.type === 'symlink') return entry.target
  if (entry.type === 'character' || entry.type === 'block') return `${entry.major}:${entry.minor}`
  return ''
}

function attributesOf({ xattrs }: Entry): string {
  if (xattrs === undefined) return ''
  return Object.keys(xattrs)
    .sort()
    .map((key) => `${JSON.stringify(key)}=${xattrs[key]}`)
    .join()
}

const TYPE_LETTERS = { file: '-', directory: 'd', symlink: 'l', character: 'c', block: 'b', fifo: 'p' } as const

/** `-rwsr-xr-x`: the mode as ls(1) writes it. */
export function modeString({ type, mode }: Pick<FileFacts, 'type' | 'mode'>): string {
  const bit = (mask: number, letter: string) => (mode & mask ? letter : '-')
  const execute = (mask: number, special: number, letter: string) => {
    if (!(mode & special)) return bit(mask, 'x')
    return mode & mask ? letter : letter.toUpperCase()
  }
  return [
    TYPE_LETTERS[type],
    bit(0o400, 'r'),
    bit(0o200, 'w'),
    execute(0o100, 0o4000, 's'),
    bit(0o40, 'r'),
    bit(0o20, 'w'),
    execute(0o10, 0o2000, 's'),
    bit(0o4, 'r'),
    bit(0o2, 'w'),
    execute(0o1, 0o1000, 't'),
  ].join('')
}
