import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyDifference, encodeDifference } from './difference.ts'

const coded = expect.objectContaining({ code: 'DELTA_CORRUPT' })
const bytes = fc.uint8Array({ maxLength: 400 })
/** Bytes of few values repeat themselves, so that places are found, and found in vain. */
const similar = fc.array(fc.constantFrom('abcdefghijklmnop', 'AAAAAAAAAAAAAAAAAAAAAAAA', 'x', '\0\0\0\0\0\0'), {
  maxLength: 40,
})

describe('a difference', () => {
  it('leads from any bytes to any others', () => {
    const pair = fc.oneof(
      fc.tuple(bytes, bytes),
      fc.tuple(similar, similar).map((both) => both.map((parts) => Buffer.from(parts.join('')))),
    )
    fc.assert(
      fc.property(pair, ([old = Buffer.alloc(0), next = Buffer.alloc(0)]) => {
        const made = applyDifference(old, encodeDifference(old, next), next.length)
        expect(made.equals(next)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('of a program whose addresses moved inserts nothing and changes only these', () => {
    const old = randomBytes(200_000)
    // Every 40 bytes an address, which grows by as much as was put in before it.
    const next = Buffer.from(old)
    for (let at = 20_000; at < next.length; at += 40) next.writeUInt32LE((next.readUInt32LE(at) + 0x30) >>> 0, at)
    const difference = encodeDifference(old, next)
    const [steps, , changes, inserted] = [0, 4, 8, 12].map((at) => difference.readUInt32LE(at))
    expect(steps).toBeLessThan(20)
    expect(changes).toBeLessThan(6000)
    expect(inserted).toBe(0)
    expect(applyDifference(old, difference, next.length).equals(next)).toBe(true)
  })

  it('finds stretches that changed places', () => {
    const old = randomBytes(100_000)
    const next = Buffer.concat([old.subarray(60_000), randomBytes(10), old.subarray(0, 60_000)])
    const difference = encodeDifference(old, next)
    expect(difference.length).toBeLessThan(60)
    expect(applyDifference(old, difference, next.length).equals(next)).toBe(true)
  })

  it('that is damaged is refused or makes as many bytes, and reads nothing outside', () => {
    const [old, next] = [randomBytes(3000), Buffer.alloc(3100, 7)]
    old.copy(next, 50)
    next.fill(9, 1000, 1004)
    const good = encodeDifference(old, next)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
        const bad = Buffer.from(cut ? good.subarray(0, at) : good)
        if (!cut) bad[at] = (bad[at] ?? 0) ^ flip
        try {
          expect(applyDifference(old, bad, next.length)).toHaveLength(next.length)
        } catch (error) {
          expect(error).toEqual(coded)
        }
      }),
      { numRuns: 2000 },
    )
    expect(() => applyDifference(old, good, next.length - 1)).toThrow(coded)
    expect(() => applyDifference(old.subarray(0, 10), good, next.length)).toThrow(coded)
    expect(() => applyDifference(old, Buffer.alloc(3), 0)).toThrow(coded)
  })
})
