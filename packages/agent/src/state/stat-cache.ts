import { readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest, writeFileAtomic } from '@holotype/base'
import { isFields } from '../json.ts'
import { STAT_SETTLE_MS } from '../limits.ts'

/** What the digest of a file was when its stat was this: an unchanged file is verified without reading it. */
export interface StatCache {
  /** The digest known for a path whose stat is this. */
  get(path: string, stat: Stats): Digest | undefined
  /** Learns a digest. Ignored when the file changed so short before `now` that a further change could leave the same stat. */
  set(path: string, stat: Stats, digest: Digest, now: number): void
  /** True when some path had these bytes when the cache was opened. */
  knows(digest: Digest): boolean
  /** Writes what was used or learnt since the cache was opened; paths nobody asked for are gone. */
  save(): void
}

interface Known {
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly inode: number
  readonly digest: Digest
}

const FILE = 'stat-cache.json'
const SCHEMA = 'holotype.stat-cache/1'

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
      return entry.digest
    },
    set(path, stat, digest, now) {
      learnt = true
      if (now - stat.ctimeMs < STAT_SETTLE_MS) return
      used.set(path, { size: stat.size, mtime: stat.mtimeMs, ctime: stat.ctimeMs, inode: stat.ino, digest })
    },
    knows(digest) {
      digests ??= new Set([...known.values()].map((entry) => entry.digest))
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
        entry.digest,
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
      const [name, size, mtime, ctime, inode, digest]: readonly unknown[] = row
      if (typeof name !== 'string' || typeof size !== 'number' || typeof mtime !== 'number') continue
      if (typeof ctime !== 'number' || typeof inode !== 'number' || !isDigest(digest)) continue
      entries.set(name, { size, mtime, ctime, inode, digest })
    }
  } catch {
    // Absent or damaged: everything is read once more.
    return new Map()
  }
  return entries
}
