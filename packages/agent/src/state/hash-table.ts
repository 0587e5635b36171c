import { hash } from 'node:crypto'
import { free } from '../memory.ts'

export const HASH_BYTES = 32
/** Rows that a table has room for at first. */
const FIRST_ROWS = 64
/** What a table's room is multiplied with when it is full: twice as much would mostly be left over. */
const GROWTH = 1.25

/** Rows of equal length in one buffer, each beginning with the SHA-256 that it is found by. */
export interface HashTable {
  count(): number
  /** All rows, one after the other; good until the next `make`. */
  rows(): Buffer
  /** A row, to be read and written beyond its hash; good until the next `make`. */
  row(number: number): Buffer
  /** The number of the row with a hash. */
  find(key: Buffer): number | undefined
  /** The same, or that of a new row of zeros. */
  make(key: Buffer): number
}

/** The SHA-256 of bytes, or of a name (one that is not UTF-8 has lone surrogates, which would all become the same bytes: it counts by its units). */
export function hashOf(value: string | Buffer): Buffer {
  const plain = typeof value !== 'string' || value.isWellFormed()
  return hash('sha256', plain ? value : Buffer.from(value, 'utf16le'), 'buffer')
}

/** A table of these rows, which it takes over. Open addressing by the first bytes of the hash, at most half full. */
export function hashTable(initial: Buffer, rowBytes: number): HashTable {
  let rows = initial
  let count = rows.length / rowBytes
  /** A row's number plus one; 0 where there is none. */
  let slots = new Uint32Array(0)
  const slotOf = (key: Buffer, from: number): number => {
    let slot = key.readUInt32LE(from) % slots.length
    for (let entry = slots[slot]; entry; entry = slots[slot]) {
      const at = (entry - 1) * rowBytes
      if (key.compare(rows, at, at + HASH_BYTES, from, from + HASH_BYTES) === 0) return slot
      slot = (slot + 1) % slots.length
    }
    return slot
  }
  const index = (room: number) => {
    slots = new Uint32Array(room * 2)
    for (let row = 0; row < count; row++) slots[slotOf(rows, row * rowBytes)] ||= row + 1
  }
  // Whoever goes through the rows one by one does without.
  const indexed = () => {
    if (slots.length === 0) index(Math.max(count, FIRST_ROWS))
  }
  return {
    count: () => count,
    rows: () => rows,
    row: (number) => rows.subarray(number * rowBytes, (number + 1) * rowBytes),
    find(key) {
      indexed()
      const entry = slots[slotOf(key, 0)] ?? 0
      return entry === 0 ? undefined : entry - 1
    },
    make(key) {
      indexed()
      const slot = slotOf(key, 0)
      const entry = slots[slot] ?? 0
      if (entry > 0) return entry - 1
      if ((count + 1) * rowBytes > rows.length) {
        const larger = Buffer.alloc(Math.max(FIRST_ROWS, Math.ceil(count * GROWTH)) * rowBytes)
        rows.copy(larger)
        free(rows)
        rows = larger
      }
      key.copy(rows, count * rowBytes)
      count += 1
      if (count * 2 > slots.length) index(count * 2)
      else slots[slot] = count
      return count - 1
    },
  }
}
