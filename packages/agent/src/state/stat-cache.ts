import { readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest, writeFileAtomic } from '@holotype/base'
import { isFields } from '../json.ts'
import { STAT_SETTLE_MS } from '../limits.ts'

/** What a look inside showed: what a stat does not tell. */
export interface Inside {
  /** Of a regular file's bytes. */
  readonly digest?: Digest
  /** Of its extended attributes (`xattrsKey`); absent: it has none. */
  readonly xattrs?: Digest
}

/** What was inside a path when its stat was this: what is unchanged is verified without looking inside again. */
export interface StatCache {
  /** What is known of a path whose stat is this. */
  get(path: string, stat: Stats): Inside | undefined
  /** Learns. Ignored when the path changed so short before `now` that a further change could leave the same stat. */
  set(path: string, stat: Stats, inside: Inside, now: number): void
  /** True when some path had these bytes when the cache was opened. */
  knows(digest: Digest): boolean
  /** Writes what was used or learnt since the cache was opened; paths nobody asked for are gone. */
  save(): void
}

interface Known extends Inside {
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly inode: number
}

const FILE = 'stat-cache.json'
const SCHEMA = 'holotype.stat-cache/2'

/** Opens the cache of a state directory. One that does not parse is an empty one. Times are in milliseconds with their fraction. */
export function openStatCache(state: string): StatCache {
  const known = load(join(state, FILE))
  const used = new Map<string, Known>()
  let digests: Set<Digest> | undefined
  let learnt = false
  return {
    get(path, stat) {
      const entry = used.get(path) ?? known.get(path)
      if (!entry || !same(entry, stat)) return undefined
      used.set(path, entry)
      return entry
    },
    set(path, stat, inside, now) {
      learnt = true
      if (now - stat.ctimeMs < STAT_SETTLE_MS) return
      const { digest, xattrs } = inside
      used.set(path, {
        size: stat.size,
        mtime: stat.mtimeMs,
        ctime: stat.ctimeMs,
        inode: stat.ino,
        ...(digest ? { digest } : {}),
        ...(xattrs ? { xattrs } : {}),
      })
    },
    knows(digest) {
      digests ??= new Set([...known.values()].flatMap((entry) => (entry.digest ? [entry.digest] : [])))
      return digests.has(digest)
    },
    save() {
      if (!learnt && used.size === known.size) return
      const rows = [...used].map(([path, entry]) => [
        path,
        entry.size,
        entry.mtime,
        entry.ctime,
        entry.inode,
        entry.digest ?? null,
        // Nearly nothing has attributes: their column is there only where they are.
        ...(entry.xattrs ? [entry.xattrs] : []),
      ])
      writeFileAtomic(join(state, FILE), JSON.stringify({ schema: SCHEMA, rows }), 0o600)
    },
  }
}

function same(entry: Known, stat: Stats): boolean {
  return (
    entry.ctime === stat.ctimeMs && entry.mtime === stat.mtimeMs && entry.size === stat.size && entry.inode === stat.ino
  )
}

function load(path: string): Map<string, Known> {
  const entries = new Map<string, Known>()
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!isFields(value) || value.schema !== SCHEMA || !Array.isArray(value.rows)) return entries
    for (const row of value.rows) {
      if (!Array.isArray(row)) continue
      const [name, size, mtime, ctime, inode, digest, xattrs]: readonly unknown[] = row
      if (typeof name !== 'string' || typeof size !== 'number' || typeof mtime !== 'number') continue
      if (typeof ctime !== 'number' || typeof inode !== 'number') continue
      entries.set(name, {
        size,
        mtime,
        ctime,
        inode,
        ...(isDigest(digest) ? { digest } : {}),
        ...(isDigest(xattrs) ? { xattrs } : {}),
      })
    }
  } catch {
    // Absent or damaged: everything is read once more.
    return new Map()
  }
  return entries
}
