import { readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { type Digest, hexOf, writeFileAtomic } from '@holotype/base'
import { STAT_SETTLE_MS } from '../limits.ts'
import { free } from '../memory.ts'
import { HASH_BYTES, hashOf, hashTable } from './hash-table.ts'
import { nameStore } from './name-store.ts'

/** What a look inside showed: what a stat does not tell. */
export interface Inside {
  /** Of a regular file's bytes. */
  readonly digest?: Digest
  /** Of its extended attributes (`xattrsKey`); absent: it has none. */
  readonly xattrs?: Digest
}

/** What is known of a path; good only for the call that it comes with. */
export interface KnownPath {
  /** It has not changed since. */
  isSame(stat: Stats): boolean
  /** It is still the same directory with the same mode and owner, whatever happened in it. */
  isSameDirectory(stat: Stats): boolean
  inside(): Inside
}

/** All that was to be looked at. */
export interface WholeLook {
  /** Names the image, and what of the root was to be looked at. */
  readonly key: Digest
  /** The number of paths. */
  readonly paths: number
}

/** What was inside a path when its stat was this: what is unchanged is verified without looking inside again. */
export interface StatCache {
  /** What is known of a path whose stat is this. */
  get(path: string, stat: Stats): Inside | undefined
  /** Learns; does not, and says so by false, when the path changed so short before `now` that a further change could leave the same stat. */
  set(path: string, stat: Stats, inside: Inside, now: number): boolean
  /** Learns the extended attributes (`xattrsKey`) of a path whose stat and digest were learnt just before. */
  setXattrs(path: string, xattrs: Digest): void
  /** What was known of a path is so no more. */
  forget(path: string): void
  /** True when some path had these bytes when the cache was opened. */
  knows(digest: Digest): boolean
  /** For each of these bytes that one has a path that has them, of those that were used or learnt since the cache was opened. */
  pathsOf(digests: ReadonlySet<Digest>): Map<Digest, string>
  /** Whether the cache was opened with a whole look of this key, and `check` says so of all its paths: it is asked until it does not. */
  isWhole(key: Digest, check: (path: string, known: KnownPath) => boolean): boolean
  /** Writes what was used or learnt since the cache was opened; paths nobody asked for are gone. `whole`: that is all there is, if the number is right. */
  save(whole?: WholeLook): void
}

/*
 * The file: a line that names its form, the key of a whole look or zeros, the number of rows, rows of equal length, the paths one after the
 * other, and the SHA-256 of all that. It is used as it lies in memory: as objects the rows of 25,000 files took 10 MB, and twice that while they
 * were read. A row: SHA-256 of the path, size, mtime, ctime (milliseconds with their fraction), inode, mode, owner, group, links, digest, digest of
 * the attributes, where the path lies among the paths, its bytes. A digest of zeros: none.
 */

const FILE = 'stat-cache'
const HEAD = Buffer.from('holotype.stat-cache/4\n')
const [SIZE, MTIME, CTIME, INODE, MODE, UID, GID, LINKS] = [32, 40, 48, 56, 64, 68, 72, 76] as const
const [DIGEST, XATTRS, NAME, NAME_BYTES, ROW_BYTES] = [80, 112, 144, 148, 152] as const
const [KEY, COUNT, ROWS] = [HEAD.length, HEAD.length + HASH_BYTES, HEAD.length + HASH_BYTES + 4]
const NONE = Buffer.alloc(HASH_BYTES)

/** Opens the cache of a state directory. One that is absent or damaged is an empty one: everything is read once more. */
export function openStatCache(state: string): StatCache {
  const file = join(state, FILE)
  const loaded = load(file)
  const table = hashTable(loaded.rows, ROW_BYTES)
  const names = nameStore(loaded.names)
  const opened = table.count()
  const used = new Set<number>()
  let digests: Set<string> | undefined
  let learnt = false
  return {
    get(path, stat) {
      const number = table.find(hashOf(path))
      if (number === undefined) return undefined
      const row = table.row(number)
      if (!isSame(row, 0, stat)) return undefined
      used.add(number)
      return insideOf(row, 0)
    },
    set(path, stat, { digest, xattrs }, now) {
      learnt = true
      if (now - stat.ctimeMs < STAT_SETTLE_MS) return false
      const number = table.make(hashOf(path))
      const row = table.row(number)
      writeStat(row, stat)
      row.fill(0, DIGEST, NAME)
      if (digest) row.write(hexOf(digest), DIGEST, 'hex')
      if (xattrs) row.write(hexOf(xattrs), XATTRS, 'hex')
      if (row.readUInt32LE(NAME_BYTES) === 0 && path.isWellFormed()) {
        const { at, bytes } = names.add(path)
        row.writeUInt32LE(at, NAME)
        row.writeUInt32LE(bytes, NAME_BYTES)
      }
      used.add(number)
      return true
    },
    setXattrs(path, xattrs) {
      const number = table.find(hashOf(path))
      if (number !== undefined && used.has(number)) table.row(number).write(hexOf(xattrs), XATTRS, 'hex')
    },
    forget(path) {
      const number = table.find(hashOf(path))
      if (number !== undefined) used.delete(number)
    },
    knows(digest) {
      digests ??= new Set(
        Array.from({ length: opened }, (_, row) => table.row(row).toString('latin1', DIGEST, DIGEST + HASH_BYTES)),
      )
      return digests.has(Buffer.from(hexOf(digest), 'hex').toString('latin1'))
    },
    pathsOf(wanted) {
      const paths = new Map<Digest, string>()
      for (const number of used) {
        const row = table.row(number)
        const [digest, length] = [digestIn(row, DIGEST), row.readUInt32LE(NAME_BYTES)]
        if (digest && length > 0 && wanted.has(digest)) paths.set(digest, names.text(row.readUInt32LE(NAME), length))
      }
      return paths
    },
    isWhole(key, check) {
      if (loaded.key !== key) return false
      // One look at tens of thousands of rows where they lie, without an object for each.
      const rows = table.rows()
      let at = 0
      const known: KnownPath = {
        isSame: (stat) => isSame(rows, at, stat),
        isSameDirectory: (stat) => stat.isDirectory() && isSameNode(rows, at, stat),
        inside: () => insideOf(rows, at),
      }
      for (; at < opened * ROW_BYTES; at += ROW_BYTES) {
        const length = rows.readUInt32LE(at + NAME_BYTES)
        // No name is kept of a path that is not UTF-8.
        if (length === 0 || !check(names.text(rows.readUInt32LE(at + NAME), length), known)) return false
      }
      return true
    },
    save(whole) {
      const key = whole?.paths === used.size ? whole.key : undefined
      if (!learnt && used.size === opened && key === loaded.key) return
      let length = 0
      for (const number of used) length += table.row(number).readUInt32LE(NAME_BYTES)
      const bytes = Buffer.allocUnsafeSlow(ROWS + used.size * ROW_BYTES + length + HASH_BYTES)
      HEAD.copy(bytes)
      NONE.copy(bytes, KEY)
      if (key) bytes.write(hexOf(key), KEY, 'hex')
      bytes.writeUInt32LE(used.size, COUNT)
      const first = ROWS + used.size * ROW_BYTES
      let [at, end] = [ROWS, first]
      for (const number of used) {
        const row = table.row(number)
        row.copy(bytes, at)
        bytes.writeUInt32LE(end - first, at + NAME)
        end += names.copy(row.readUInt32LE(NAME), row.readUInt32LE(NAME_BYTES), { to: bytes, at: end })
        at += ROW_BYTES
      }
      hashOf(bytes.subarray(0, end)).copy(bytes, end)
      writeFileAtomic(file, bytes, 0o600)
      free(bytes)
    },
  }
}

interface Loaded {
  readonly key: Digest | undefined
  readonly rows: Buffer
  readonly names: Buffer
}

function load(file: string): Loaded {
  try {
    const bytes = readFileSync(file)
    const body = bytes.subarray(0, -HASH_BYTES)
    const whole = hashOf(body).equals(bytes.subarray(-HASH_BYTES))
    if (whole && body.subarray(0, HEAD.length).equals(HEAD)) {
      const end = ROWS + body.readUInt32LE(COUNT) * ROW_BYTES
      // The table gives back the memory of its rows when it grows: the names are not to lie in it.
      return { key: digestIn(body, KEY), rows: body.subarray(ROWS, end), names: Buffer.from(body.subarray(end)) }
    }
  } catch {
    // Absent.
  }
  return { key: undefined, rows: Buffer.alloc(0), names: Buffer.alloc(0) }
}

function writeStat(row: Buffer, stat: Stats): void {
  row.writeDoubleLE(stat.size, SIZE)
  row.writeDoubleLE(stat.mtimeMs, MTIME)
  row.writeDoubleLE(stat.ctimeMs, CTIME)
  row.writeDoubleLE(stat.ino, INODE)
  row.writeUInt32LE(stat.mode, MODE)
  row.writeUInt32LE(stat.uid, UID)
  row.writeUInt32LE(stat.gid, GID)
  row.writeUInt32LE(stat.nlink, LINKS)
}

function isSame(rows: Buffer, at: number, stat: Stats): boolean {
  return (
    rows.readDoubleLE(at + CTIME) === stat.ctimeMs &&
    rows.readDoubleLE(at + MTIME) === stat.mtimeMs &&
    rows.readDoubleLE(at + SIZE) === stat.size &&
    rows.readUInt32LE(at + LINKS) === stat.nlink &&
    isSameNode(rows, at, stat)
  )
}

/** The mode has the type in it. */
function isSameNode(rows: Buffer, at: number, stat: Stats): boolean {
  return (
    rows.readDoubleLE(at + INODE) === stat.ino &&
    rows.readUInt32LE(at + MODE) === stat.mode &&
    rows.readUInt32LE(at + UID) === stat.uid &&
    rows.readUInt32LE(at + GID) === stat.gid
  )
}

function insideOf(rows: Buffer, at: number): Inside {
  const [digest, xattrs] = [digestIn(rows, at + DIGEST), digestIn(rows, at + XATTRS)]
  return { ...(digest ? { digest } : {}), ...(xattrs ? { xattrs } : {}) }
}

function digestIn(bytes: Buffer, at: number): Digest | undefined {
  if (bytes.compare(NONE, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) return undefined
  return `sha256:${bytes.toString('hex', at, at + HASH_BYTES)}`
}
