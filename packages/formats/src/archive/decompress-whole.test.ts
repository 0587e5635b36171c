import { zstdCompressSync } from 'node:zlib'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PACKED_AT_HAND_BYTES, UNPACKED_WHOLE_BYTES } from '../limits.ts'
import { compress } from './compress.ts'
import { unpackWhole } from './decompress-whole.ts'
import { xzUnpackedBytes } from './xz-size.ts'
import { isOneZstdFrame } from './zstd-frame.ts'

const COMPRESSIONS = ['gz', 'xz', 'zst'] as const
const program = async (argv: readonly [string, ...string[]], input: Uint8Array) => (await run(argv, { input })).stdout
/** Of what compresses well and what does not, from nothing to some hundred kilobytes. */
const bytes = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 400 })), { maxLength: 6 })
  .map((parts) => Buffer.concat(parts.flatMap(([part, times]) => Array.from({ length: times }, () => part))))

test('what we compress unpacks whole to the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.constantFrom(...COMPRESSIONS), async (plain, compression) => {
      const packed = await compress(plain, { compression, level: 3 })
      expect((await unpackWhole(packed, compression))?.equals(plain)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('the size is counted as xz itself writes it: many blocks, any check, chunks stored as they are', async () => {
  const plain = Buffer.concat(
    Array.from({ length: 3000 }, (_, at) => Buffer.from(`${at * 48_271} ${'word '.repeat(at % 50)}`)),
  )
  const random = zstdCompressSync(plain)
  for (const input of [plain, random, Buffer.alloc(0)])
    for (const options of [
      ['--check=none'],
      ['--check=crc32', '--block-size=65536'],
      ['--check=sha256', '-9'],
      ['-0'],
    ]) {
      const packed = await program(['xz', '--compress', '--stdout', '--threads=1', ...options], input)
      expect(xzUnpackedBytes(packed), options.join(' ')).toBe(input.length)
      expect((await unpackWhole(packed, 'xz'))?.equals(input), options.join(' ')).toBe(true)
    }
})

test('what would not fit, by its own words or by another filter, goes the long way', async () => {
  const bomb = await program(['xz', '--stdout', '-6'], Buffer.alloc(UNPACKED_WHOLE_BYTES + 1))
  expect(xzUnpackedBytes(bomb)).toBe(UNPACKED_WHOLE_BYTES + 1)
  expect(await unpackWhole(bomb, 'xz')).toBeUndefined()
  for (const compression of ['gz', 'zst'] as const)
    expect(
      await unpackWhole(await compress(Buffer.alloc(UNPACKED_WHOLE_BYTES + 1), { compression, level: 9 }), compression),
    ).toBeUndefined()
  const filtered = await program(['xz', '--stdout', '--x86', '--lzma2=preset=1'], Buffer.from('x'.repeat(1000)))
  expect(xzUnpackedBytes(filtered)).toBeUndefined()
})

test('two streams, a cut or a damaged one are never taken for a whole one', async () => {
  const plain = Buffer.from('some words, '.repeat(PACKED_AT_HAND_BYTES / 8))
  const xz = await compress(plain, { compression: 'xz', level: 3 })
  const zst = await compress(plain, { compression: 'zst', level: 3 })
  expect(xzUnpackedBytes(Buffer.concat([xz, xz]))).toBeUndefined()
  expect(isOneZstdFrame(zst)).toBe(true)
  expect(isOneZstdFrame(Buffer.concat([zst, zst]))).toBe(false)
  for (const [whole, compression] of [
    [xz, 'xz'],
    [zst, 'zst'],
  ] as const)
    for (let at = 0; at < whole.length; at++) {
      expect(await unpackWhole(whole.subarray(0, at), compression), `${compression} cut at ${at}`).toBeUndefined()
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 0x55
      const got = await unpackWhole(damaged, compression)
      expect(got === undefined || got.equals(plain), `${compression} damaged at ${at}`).toBe(true)
    }
})

test('any bytes are refused or read, and nothing is thrown', async () => {
  const magic = {
    xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 0, 0, 0, 0],
    zst: [0x28, 0xb5, 0x2f, 0xfd],
    gz: [0x1f, 0x8b, 8],
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...COMPRESSIONS), async (tail, compression) => {
      const hostile = Buffer.from([...magic[compression], ...tail])
      if (compression === 'xz') xzUnpackedBytes(hostile)
      if (compression === 'zst') isOneZstdFrame(hostile)
      await unpackWhole(hostile, compression)
    }),
  )
})
