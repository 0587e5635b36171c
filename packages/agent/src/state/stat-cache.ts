import { readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { type Digest, hexOf, writeFileAtomic } from '@holotype/base'
import { STAT_SETTLE_MS } from '../limits.ts'
import { free } from '../memory.ts'
import { HASH_BYTES, hashOf, hashTable } from './hash-table.ts'

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

/*
 * The file: a line that names its form, rows of equal length, and the SHA-256 of all that. It is used as it lies in memory: as objects the
 * rows of 25,000 files took 10 MB, and twice that while they were read.
 * A row: SHA-256 of the path, size, mtime, ctime (milliseconds with their fraction), inode, digest, digest of the attributes. A digest of zeros: none.
 */

const FILE = 'stat-cache'
const HEAD = Buffer.from('holotype.stat-cache/3\n')
const [SIZE, MTIME, CTIME, INODE, DIGEST, XATTRS, ROW_BYTES] = [32, 40, 48, 56, 64, 96, 128] as const
const NONE = Buffer.alloc(HASH_BYTES)

/** Opens the cache of a state directory. One that is absent or damaged is an empty one: everything is read once more. */
export function openStatCache(state: string): StatCache {
  const file = join(state, FILE)
  const table = hashTable(load(file), ROW_BYTES)
  const opened = table.count()
  const used = new Set<number>()
  let digests: Set<string> | undefined
  let learnt = false
  return {
    get(path, stat) {
      const number = table.find(hashOf(path))
      if (number === undefined) return undefined
      const row = table.row(number)
      if (!same(row, stat)) return undefined
      used.add(number)
      const [digest, xattrs] = [digestIn(row, DIGEST), digestIn(row, XATTRS)]
      return { ...(digest ? { digest } : {}), ...(xattrs ? { xattrs } : {}) }
    },
    set(path, stat, { digest, xattrs }, now) {
      learnt = true
      if (now - stat.ctimeMs < STAT_SETTLE_MS) return
      const number = table.make(hashOf(path))
      const row = table.row(number)
      row.writeDoubleLE(stat.size, SIZE)
      row.writeDoubleLE(stat.mtimeMs, MTIME)
      row.writeDoubleLE(stat.ctimeMs, CTIME)
      row.writeDoubleLE(stat.ino, INODE)
      row.fill(0, DIGEST)
      if (digest) row.write(hexOf(digest), DIGEST, 'hex')
      if (xattrs) row.write(hexOf(xattrs), XATTRS, 'hex')
      used.add(number)
    },
    knows(digest) {
      digests ??= new Set(
        Array.from({ length: opened }, (_, row) => table.row(row).toString('latin1', DIGEST, DIGEST + HASH_BYTES)),
      )
      return digests.has(Buffer.from(hexOf(digest), 'hex').toString('latin1'))
    },
    save() {
      if (!learnt && used.size === opened) return
      const bytes = Buffer.allocUnsafeSlow(HEAD.length + used.size * ROW_BYTES + HASH_BYTES)
      let at = HEAD.copy(bytes)
      for (const number of used) at += table.row(number).copy(bytes, at)
      hashOf(bytes.subarray(0, at)).copy(bytes, at)
      writeFileAtomic(file, bytes, 0o600)
      free(bytes)
    },
  }
}

function load(file: string): Buffer {
  try {
    const bytes = readFileSync(file)
    const body = bytes.subarray(0, -HASH_BYTES)
    const rows = body.subarray(HEAD.length)
    const whole = hashOf(body).equals(bytes.subarray(-HASH_BYTES)) && rows.length % ROW_BYTES === 0
    if (whole && body.subarray(0, HEAD.length).equals(HEAD)) return rows
  } catch {
    // Absent.
  }
  return Buffer.alloc(0)
}

function same(row: Buffer, stat: Stats): boolean {
  return (
    row.readDoubleLE(CTIME) === stat.ctimeMs &&
    row.readDoubleLE(MTIME) === stat.mtimeMs &&
    row.readDoubleLE(SIZE) === stat.size &&
    row.readDoubleLE(INODE) === stat.ino
  )
}

function digestIn(row: Buffer, at: number): Digest | undefined {
  if (row.compare(NONE, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) return undefined
  return `sha256:${row.toString('hex', at, at + HASH_BYTES)}`
}
