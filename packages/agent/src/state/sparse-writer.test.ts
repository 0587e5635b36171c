import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOLE_BYTES } from '../limits.ts'
import { sparseWriter } from './sparse-writer.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-sparse-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function written(pieces: readonly Buffer[]): { bytes: Buffer; blocks: number } {
  const path = join(directory, 'file')
  const file = openSync(path, 'w')
  const writer = sparseWriter(file)
  for (const piece of pieces) writer.write(piece)
  writer.end()
  closeSync(file)
  return { bytes: readFileSync(path), blocks: statSync(path).blocks }
}

test('a file reads as its pieces, whatever is zero in them and wherever they are cut', () => {
  const run = fc.record({
    zero: fc.boolean(),
    length: fc.oneof(fc.integer({ min: 0, max: 3 * HOLE_BYTES }), fc.constantFrom(HOLE_BYTES, 2 * HOLE_BYTES, 1)),
  })
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 5 * HOLE_BYTES }), { maxLength: 6 }),
      (runs, cuts) => {
        const whole = Buffer.concat(runs.map(({ zero, length }) => Buffer.alloc(length, zero ? 0 : 0xa5)))
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of [...cuts, whole.length]) {
          pieces.push(whole.subarray(at, at + cut))
          at += cut
        }
        expect(written(pieces).bytes.equals(whole)).toBe(true)
      },
    ),
    { numRuns: 50 },
  )
})

test('zeros take no room, also at the end', () => {
  const { bytes, blocks } = written([Buffer.from('head'), Buffer.alloc(100 * HOLE_BYTES)])
  expect(bytes.length).toBe(4 + 100 * HOLE_BYTES)
  // The block that holds the head, and one that two pieces share.
  expect(blocks * 512).toBeLessThanOrEqual(2 * HOLE_BYTES)
})
