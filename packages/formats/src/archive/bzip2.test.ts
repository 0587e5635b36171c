import { HolotypeError, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { haveTools, skipReason } from '../testing/tools.ts'
import type { Compression } from '../types.ts'
import { decompress } from './decompress.ts'

async function unpacked(bytes: Uint8Array, compression: Compression, piece = 1 << 16): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(pieces(), { compression, limit: 1e8, what: 'it' })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const packed = async (program: 'bzip2' | 'xz', bytes: Uint8Array, ...options: string[]) =>
  (await run([program, '-c', ...options], { input: bytes, maxOutputBytes: 1e8 })).stdout

/** Bytes with runs, repeats and noise. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(2000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(50))
        .map(([part, count]) => Buffer.concat(Array.from({ length: count }, () => part))),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts))

/** Two and a half blocks of bzip2 -9 that no compressor can shorten much. */
const large = () =>
  Buffer.from(
    Uint8Array.from({ length: 2_300_000 }, (_, i) => (Math.imul(i ^ (i >>> 7), 2_654_435_761) >>> (i % 23)) & 0xff),
  )

describe.skipIf(!haveTools('bzip2'))(`bzip2${skipReason('bzip2')}`, () => {
  test('what the program packs is unpacked', async () => {
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.constantFrom('-1', '-9'),
        fc.integer({ min: 1, max: 5000 }),
        async (bytes, level, piece) => {
          expect((await unpacked(await packed('bzip2', bytes, level), 'bz2', piece)).equals(bytes)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('several blocks, and several streams one after the other', async () => {
    const bytes = large()
    const one = await packed('bzip2', bytes, '-9')
    const two = await packed('bzip2', Buffer.from('more'), '-1')
    expect((await unpacked(Buffer.concat([one, two]), 'bz2')).equals(Buffer.concat([bytes, Buffer.from('more')]))).toBe(
      true,
    )
    expect(
      (await unpacked(await packed('bzip2', Buffer.alloc(5_000_000)), 'bz2')).equals(Buffer.alloc(5_000_000)),
    ).toBe(true)
  })

  test('a stream cut short or damaged anywhere is refused, as the program refuses it', async () => {
    const bytes = await packed('bzip2', Buffer.from('hello, hello, hello and goodbye '.repeat(40)))
    for (let length = 0; length < bytes.length; length++)
      await expect(unpacked(bytes.subarray(0, length), 'bz2'), `cut after ${length}`).rejects.toMatchObject({
        code: 'PACKAGE_MALFORMED',
      })
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
        const damaged = Buffer.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ difference
        const ours = await unpacked(damaged, 'bz2').then(
          (whole) => whole,
          (error: unknown) => error,
        )
        const theirs = await run(['bzip2', '-dc'], { input: damaged, okCodes: [0, 1, 2, 3], maxOutputBytes: 1e7 })
        // Bits that pad the last byte mean nothing; a level may be larger than the block needs.
        if (theirs.code === 0) expect(ours).toEqual(theirs.stdout)
        else expect(ours instanceof HolotypeError && ours.code).toBe('PACKAGE_MALFORMED')
      }),
      { numRuns: 60 },
    )
  })
})

describe.skipIf(!haveTools('xz'))(`lzma${skipReason('xz')}`, () => {
  test('what the program packs in the old form is unpacked', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        expect((await unpacked(await packed('xz', bytes, '--format=lzma'), 'lzma')).equals(bytes)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('a stream cut short, or one that asks for a dictionary of 4 GB, is refused', async () => {
    const bytes = await packed('xz', large().subarray(0, 10_000), '--format=lzma')
    await expect(unpacked(bytes.subarray(0, 5000), 'lzma')).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
    const greedy = Buffer.from(bytes)
    greedy.writeUInt32LE(0xffffffff, 1)
    await expect(unpacked(greedy, 'lzma')).rejects.toMatchObject({ code: 'PACKAGE_TOO_LARGE' })
  })
})
