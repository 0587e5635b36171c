import { fail } from '../errors.ts'
import { align } from './align.ts'

/*
 * New bytes as what differs from old ones: four lengths (32 bits, little-endian), and after them the four streams of these lengths.
 *   steps     varints: how many bytes to take from the old ones, how many to insert after them, and how far to move there before
 *             (zigzag), until the result is whole
 *   places    varints, over the result so far: how many bytes stay, how many after them change
 *   changes   what is added to each byte that changes, modulo 256
 *   inserted  bytes
 * What rebuilding moved changes few bytes of many addresses, and often by the same: apart, each stream compresses well.
 */
const HEAD_BYTES = 16

/** What leads from one run of bytes to another. Compress it: it is little shorter than what it leads to. */
export function encodeDifference(old: Uint8Array, next: Uint8Array): Buffer {
  const [steps, places, changes, inserted] = [sink(), sink(), sink(), sink()]
  const alignments = align(old, next)
  let [from, at, stayed] = [0, 0, 0]
  const first = alignments[0]?.start ?? next.length
  const all = first > 0 ? [{ start: 0, end: 0, offset: 0 }, ...alignments] : alignments
  for (const [index, { start, end, offset }] of all.entries()) {
    const until = all[index + 1]?.start ?? next.length
    steps.number(end - start)
    steps.number(until - end)
    steps.number(zigzag(start + offset - from))
    from = end + offset
    let changed = 0
    const flush = () => {
      if (changed === 0) return
      places.number(stayed)
      places.number(changed)
      stayed = changed = 0
    }
    for (at = start; at < end; at++) {
      const change = ((next[at] ?? 0) - (old[at + offset] ?? 0)) & 0xff
      if (change === 0) {
        flush()
        stayed++
        continue
      }
      changes.byte(change)
      changed++
    }
    flush()
    stayed += until - end
    for (; at < until; at++) inserted.byte(next[at] ?? 0)
  }
  const streams = [steps, places, changes, inserted].map((stream) => stream.bytes())
  const head = Buffer.alloc(HEAD_BYTES)
  for (const [index, { length }] of streams.entries()) head.writeUInt32LE(length, index * 4)
  return Buffer.concat([head, ...streams])
}

/**
 * Makes the new bytes, `size` of them, of the old ones and what differs. Reads nothing outside of either.
 * @throws DELTA_CORRUPT
 */
export function applyDifference(old: Uint8Array, difference: Buffer, size: number): Buffer {
  if (difference.length < HEAD_BYTES) throw corrupt('has no head')
  let end = HEAD_BYTES
  const stream = (index: number) => {
    const start = end
    end += difference.readUInt32LE(index * 4)
    return difference.subarray(start, end)
  }
  const [steps, places, changes, inserted] = [stream(0), stream(1), stream(2), stream(3)]
  if (end !== difference.length) throw corrupt('is not as long as its streams')
  const result = Buffer.allocUnsafeSlow(size)
  let [at, from, insertedAt] = [0, 0, 0]
  const step = numbers(steps)
  while (!step.done()) {
    const [take, insert, move] = [step.next(), step.next(), step.next()]
    from += unzigzag(move)
    if (from < 0 || from + take > old.length || at + take + insert > size || insertedAt + insert > inserted.length)
      throw corrupt('leads out of the files')
    result.set(old.subarray(from, from + take), at)
    result.set(inserted.subarray(insertedAt, insertedAt + insert), at + take)
    at += take + insert
    from += take
    insertedAt += insert
  }
  if (at !== size || insertedAt !== inserted.length) throw corrupt('does not make the whole')
  const place = numbers(places)
  let [changeAt, changed] = [0, 0]
  while (!place.done()) {
    changed += place.next()
    const until = changed + place.next()
    if (until > size || changeAt + until - changed > changes.length) throw corrupt('leads out of the files')
    for (; changed < until; changed++) result[changed] = (result[changed] ?? 0) + (changes[changeAt++] ?? 0)
  }
  if (changeAt !== changes.length) throw corrupt('does not use all its changes')
  return result
}

const zigzag = (value: number) => (value < 0 ? -value * 2 - 1 : value * 2)
const unzigzag = (value: number) => (value % 2 === 1 ? -(value + 1) / 2 : value / 2)

/** A stream that grows. */
function sink() {
  let buffer = Buffer.allocUnsafeSlow(4096)
  let length = 0
  const byte = (value: number) => {
    if (length === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(length * 2)
      larger.set(buffer)
      buffer = larger
    }
    buffer[length++] = value
  }
  return {
    byte,
    /** Seven bits a byte, the lowest first; all but the last byte of a number have the eighth set. */
    number(value: number) {
      let rest = value
      for (; rest > 0x7f; rest >>>= 7) byte((rest & 0x7f) | 0x80)
      byte(rest)
    },
    bytes: () => buffer.subarray(0, length),
  }
}

function numbers(stream: Uint8Array) {
  let at = 0
  return {
    done: () => at === stream.length,
    next(): number {
      let value = 0
      for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
        const byte = stream[at++]
        if (byte === undefined) break
        value += (byte & 0x7f) * scale
        if (byte < 0x80) return value
      }
      throw corrupt('has a number without an end')
    },
  }
}

function corrupt(why: string): Error {
  return fail('DELTA_CORRUPT', { what: `a difference of a delta ${why}` })
}
