/** Slots looked at for one key before it counts as absent: colliding keys cost no more than this. */
const PROBES = 12

/**
 * Values by the bytes they were made of: what repeats in an index is parsed once. The key is a range of `bytes` and is not copied. A table
 * may forget (a key whose slots are taken by others), so it serves as a cache alone.
 */
export interface XmlTable<Value> {
  /** What was kept for these bytes. */
  find(from: number, to: number): Value | undefined
  /** Keeps a value for the bytes that {@link find} was last asked for. */
  keep(from: number, to: number, value: Value): void
}

/** @param bits log2 of the slots to begin with */
export function xmlTable<Value>(bytes: Uint8Array, bits = 10): XmlTable<Value> {
  let mask = 2 ** bits - 1
  let used = 0
  let hashes = new Int32Array(mask + 1)
  /** Where the key begins, plus one; 0 is a free slot. */
  let starts = new Int32Array(mask + 1)
  let lengths = new Int32Array(mask + 1)
  let values: (Value | undefined)[] = Array.from({ length: mask + 1 })

  function same(slot: number, from: number, length: number): boolean {
    if (lengths[slot] !== length) return false
    const start = (starts[slot] ?? 0) - 1
    for (let at = 0; at < length; at++) if (bytes[start + at] !== bytes[from + at]) return false
    return true
  }

  function place(hash: number, start: number, length: number, value: Value | undefined): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (hash + probe) & mask
      if (starts[slot] !== 0) continue
      hashes[slot] = hash
      starts[slot] = start
      lengths[slot] = length
      values[slot] = value
      used++
      return
    }
  }

  function grow(): void {
    const before = { hashes, starts, lengths, values }
    mask = mask * 2 + 1
    used = 0
    hashes = new Int32Array(mask + 1)
    starts = new Int32Array(mask + 1)
    lengths = new Int32Array(mask + 1)
    values = Array.from({ length: mask + 1 })
    for (let slot = 0; slot < before.starts.length; slot++) {
      const start = before.starts[slot] ?? 0
      if (start !== 0) place(before.hashes[slot] ?? 0, start, before.lengths[slot] ?? 0, before.values[slot])
    }
  }

  return {
    find(from, to) {
      const hash = hashOf(bytes, from, to)
      for (let probe = 0; probe < PROBES; probe++) {
        const slot = (hash + probe) & mask
        if (starts[slot] === 0) return undefined
        if (hashes[slot] === hash && same(slot, from, to - from)) return values[slot]
      }
      return undefined
    },
    keep(from, to, value) {
      if (used * 2 > mask) grow()
      place(hashOf(bytes, from, to), from + 1, to - from, value)
    },
  }
}

/** FNV-1a over the bytes, its upper bits folded down. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}
