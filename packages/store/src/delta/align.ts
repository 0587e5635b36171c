/** Bytes of the windows by which both sides are compared: shorter ones are found by chance, longer ones miss short functions. */
const WINDOW = 12
/** Places of the old side with the same window that are looked at: bounds the time that repetitive bytes take. */
const CANDIDATES = 16
/** Bytes that another place must explain better than the alignment in force: about what a change of it costs. */
const GAIN = 8
/** An odd multiplier of the rolling hash, and one that spreads it (Knuth's, from the golden ratio). */
const BASE = 0x2c1b3c6d
const SPREAD = 0x9e3779b1 | 0
const TABLE_BITS = { least: 10, most: 22 }

/** A stretch `[start, end)` of the new bytes that came from `offset` further on in the old ones; some bytes in it may differ. */
interface Alignment {
  start: number
  end: number
  offset: number
}

/**
 * Finds for the stretches of `next` where in `old` they came from, in order and without overlap (C. Percival, "Naive differences of executable
 * code", 2003). A place is found by equal windows, in a table of hashes in place of the paper's suffix array, and grows over bytes that differ as
 * long as more are equal: a rebuilt program is its old self with other addresses in it. Time and memory follow the sizes: 8 bytes per old one.
 */
export function align(old: Uint8Array, next: Uint8Array): Alignment[] {
  if (old.length < WINDOW || next.length < WINDOW) return []
  const alignments = anchors(old, next)
  for (let at = 0; at <= alignments.length; at++) grow(old, next, { before: alignments[at - 1], after: alignments[at] })
  return alignments
}

/** Equal stretches: at each place the one in force if it holds, else the longest that is better than it by enough. */
function anchors(old: Uint8Array, next: Uint8Array): Alignment[] {
  const places = indexOf(old)
  const hash = rollingHash(next)
  const found: Alignment[] = []
  let offset = 0
  for (let at = 0; at + WINDOW <= next.length; ) {
    const run = equalBytes(old, at + offset, { next, at })
    if (run >= WINDOW) {
      const last = found.at(-1)
      if (last?.offset === offset) last.end = at + run
      else found.push({ start: at, end: at + run, offset })
      at += run
      continue
    }
    const best = places.longest(hash(at), next, at)
    if (best.length - agreeing(old, next, { start: at, end: at + best.length, offset }) <= GAIN) {
      at += 1
      continue
    }
    offset = best.from - at
    found.push({ start: at, end: at + best.length, offset })
    at += best.length
  }
  return found
}

function equalBytes(old: Uint8Array, from: number, { next, at }: { next: Uint8Array; at: number }): number {
  if (from < 0) return 0
  const most = Math.min(next.length - at, old.length - from)
  let length = 0
  while (length < most && next[at + length] === old[from + length]) length++
  return length
}

function agreeing(old: Uint8Array, next: Uint8Array, { start, end, offset }: Alignment): number {
  let count = 0
  for (let at = Math.max(start, -offset); at < end; at++) if (next[at] === old[at + offset]) count++
  return count
}

/** The hash of the window at a place, for places that only grow. */
function rollingHash(bytes: Uint8Array): (at: number) => number {
  let top = 1
  for (let count = 0; count < WINDOW; count++) top = Math.imul(top, BASE)
  let [place, hash] = [-WINDOW, 0]
  return (at) => {
    if (at - place >= WINDOW) {
      hash = 0
      for (let index = at; index < at + WINDOW; index++) hash = (Math.imul(hash, BASE) + (bytes[index] ?? 0)) | 0
      place = at
    }
    for (; place < at; place++)
      hash = (Math.imul(hash, BASE) + (bytes[place + WINDOW] ?? 0) - Math.imul(bytes[place] ?? 0, top)) | 0
    return hash
  }
}

function indexOf(old: Uint8Array) {
  const bits = Math.min(TABLE_BITS.most, Math.max(TABLE_BITS.least, Math.ceil(Math.log2(old.length))))
  const slotOf = (hash: number) => Math.imul(hash, SPREAD) >>> (32 - bits)
  /** Places count from 1: 0 is none. */
  const heads = new Int32Array(1 << bits)
  const earlier = new Int32Array(old.length + 1)
  const hash = rollingHash(old)
  let [previous, before] = [Number.NaN, Number.NaN]
  for (let at = 0; at + WINDOW <= old.length; at++) {
    const value = hash(at)
    // Of a long run of one byte the first places are enough: all of them would hide what else has this hash.
    if (value !== previous || value !== before) {
      const slot = slotOf(value)
      earlier[at + 1] = heads[slot] ?? 0
      heads[slot] = at + 1
    }
    before = previous
    previous = value
  }
  return {
    longest(value: number, next: Uint8Array, at: number): { readonly from: number; readonly length: number } {
      let [from, length] = [0, 0]
      let place = heads[slotOf(value)] ?? 0
      for (let looked = 0; place > 0 && looked < CANDIDATES; looked++) {
        // What differs at the end of the best so far is no better.
        if (length === 0 || old[place - 1 + length] === next[at + length]) {
          const run = equalBytes(old, place - 1, { next, at })
          if (run > length) [from, length] = [place - 1, run]
        }
        place = earlier[place] ?? 0
      }
      return length >= WINDOW ? { from, length } : { from: 0, length: 0 }
    },
  }
}

/** Grows two neighbours into what lies between them, each as far as more bytes agree than differ; where both would, at the best cut. */
function grow(
  old: Uint8Array,
  next: Uint8Array,
  { before, after }: { before: Alignment | undefined; after: Alignment | undefined },
): void {
  const [low, high] = [before?.end ?? 0, after?.start ?? next.length]
  const isSame = (at: number, { offset }: Alignment) => Number(next[at] === old[at + offset])
  let [left, right] = [low, high]
  if (before)
    for (let at = low, score = 0, best = 0; at < high && at + before.offset < old.length; at++) {
      score += isSame(at, before) * 2 - 1
      if (score > best) [best, left] = [score, at + 1]
    }
  if (after)
    for (let at = high - 1, score = 0, best = 0; at >= low && at + after.offset >= 0; at--) {
      score += isSame(at, after) * 2 - 1
      if (score > best) [best, right] = [score, at]
    }
  if (before && after && left > right) {
    let cut = right
    for (let at = right, score = 0, best = 0; at < left; at++) {
      score += isSame(at, before) - isSame(at, after)
      if (score > best) [best, cut] = [score, at + 1]
    }
    left = right = cut
  }
  if (before) before.end = left
  if (after) after.start = right
}
