import { hash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What a path is: everything that a tree is compared by. */
export interface Listed {
  /** `f`, `d`, `l`, or `?` for what no tree of the bench holds. */
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** A file's SHA-256 in hex, a symlink's target, else nothing. */
  readonly content: string
}

/** Paths below a root, the root itself as the empty path. */
export type Listing = ReadonlyMap<string, Listed>

/** Reads a whole tree. Extended attributes are left out, as everybody is told to leave them out. */
export function listTree(root: string): Listing {
  const listing = new Map<string, Listed>()
  const visit = (path: string) => {
    const at = join(root, path)
    const listed = look(at)
    listing.set(path, listed)
    if (listed.type === 'd') for (const name of readdirSync(at)) visit(path === '' ? name : `${path}/${name}`)
  }
  visit('')
  return listing
}

function look(path: string): Listed {
  const stat = lstatSync(path)
  const { uid, gid } = stat
  const rest = { mode: stat.mode & 0o7777, uid, gid, mtime: Math.floor(stat.mtimeMs / 1000) }
  if (stat.isDirectory()) return { type: 'd', ...rest, content: '' }
  if (stat.isSymbolicLink()) return { type: 'l', ...rest, mode: 0o777, content: readlinkSync(path) }
  if (stat.isFile()) return { type: 'f', ...rest, content: hash('sha256', readFileSync(path)) }
  return { type: '?', ...rest, content: '' }
}

/** The paths in which two trees differ, each with what differs. */
export function differences(expected: Listing, found: Listing, { mtimes }: { readonly mtimes: boolean }): string[] {
  const fields = ['type', 'mode', 'uid', 'gid', 'content', ...(mtimes ? (['mtime'] as const) : [])] as const
  const different = [...expected].flatMap(([path, listed]) => {
    const other = found.get(path)
    if (!other) return [`${path}: missing`]
    const those = fields.filter((field) => listed[field] !== other[field])
    return those.length > 0 ? [`${path}: ${those.join(', ')}`] : []
  })
  return [...different, ...[...found.keys()].filter((path) => !expected.has(path)).map((path) => `${path}: too much`)]
}
