import { gzipSync, zstdCompressSync } from 'node:zlib'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { fail } from '../errors.ts'
import { haveTools, skipReason } from '../testing/tools.ts'
import { decompress, unpack } from './decompress.ts'
import { compress } from './compress.ts'
import { compressionOf } from './sniff.ts'
import { unxzWithLibrary, unxzWithProgram, xz } from './xz.ts'

const library = await import('@napi-rs/lzma/xz').catch(() => undefined)

async function* chunks(bytes: Uint8Array, step = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

// Text that compresses, but not to nothing.
const text = Buffer.from(Array.from({ length: 60_000 }, (_, index) => (index * index * 31) % 9973).join(' '))

const compressors = {
  none: async (bytes: Buffer) => bytes,
  gz: async (bytes: Buffer) => gzipSync(bytes),
  zst: async (bytes: Buffer) => zstdCompressSync(bytes),
  xz: (bytes: Buffer) => xz(bytes),
} satisfies Record<'none' | 'gz' | 'zst' | 'xz', (bytes: Buffer) => Promise<Buffer>>

describe.each(['none', 'gz', 'xz', 'zst'] as const)('%s', (compression) => {
  const options = { compression, limit: text.length, what: 'the sample' }

  test('gives back what was compressed', async () => {
    const packed = await compressors[compression](text)
    expect((await collect(decompress(chunks(packed), options))).equals(text)).toBe(true)
  })

  test('stops at the limit', async () => {
    const packed = await compressors[compression](text)
    const limited = decompress(chunks(packed), { ...options, limit: text.length - 1 })
    await expect(collect(limited)).rejects.toThrow(expect.objectContaining({ code: 'PACKAGE_TOO_LARGE' }))
  })

  test('passes on the failure of its source', async () => {
    const cut = fail('PACKAGE_TRUNCATED', { what: 'the disk is gone' })
    async function* failing() {
      yield* chunks((await compressors[compression](text)).subarray(0, 5000))
      throw cut
    }
    await expect(collect(decompress(failing(), options))).rejects.toBe(cut)
  })

  test('may be left early', async () => {
    const packed = await compressors[compression](text)
    let closed = false
    async function* source() {
      try {
        yield* chunks(packed, 100)
      } finally {
        closed = true
      }
    }
    for await (const chunk of decompress(source(), options)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await expect.poll(() => closed).toBe(true)
  })
})

test.each(['gz', 'xz', 'zst'] as const)('%s: damaged or cut short is malformed', async (compression) => {
  const packed = await compressors[compression](text)
  const options = { compression, limit: 1e9, what: 'the sample' }
  const malformed = expect.objectContaining({ code: 'PACKAGE_MALFORMED' })
  for (const length of [0, 1, 5, 20, 1000, packed.length >> 1, packed.length - 1])
    await expect(
      collect(decompress(chunks(packed.subarray(0, length)), options)),
      `cut after ${length}`,
    ).rejects.toThrow(malformed)
  const damaged = Buffer.from(packed)
  damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 8)
  await expect(collect(decompress(chunks(damaged), options))).rejects.toThrow(malformed)
  await expect(collect(decompress(chunks(text), options))).rejects.toThrow(malformed)
})

describe('xz', () => {
  test.skipIf(!haveTools('xz'))(`the program reads and writes what we do${skipReason('xz')}`, async () => {
    const packed = await xz(text)
    const { stdout } = await run(['xz', '--decompress', '--stdout'], { input: packed })
    expect(stdout.equals(text)).toBe(true)
    const blocks = await run(['xz', '--compress', '--stdout', '--block-size=65536', '--check=sha256'], { input: text })
    const back = decompress(chunks(blocks.stdout), { compression: 'xz', limit: 1e9, what: 'blocks' })
    expect((await collect(back)).equals(text)).toBe(true)
    expect((await collect(unxzWithProgram(chunks(packed)))).equals(text)).toBe(true)
    await expect(collect(unxzWithProgram(chunks(packed.subarray(0, 2000))))).rejects.toThrow()
  })

  test.skipIf(!library)(`the library does${library ? '' : ' (skipped: its binary is not installed)'}`, async () => {
    if (!library) return
    const packed = await xz(text)
    expect((await collect(unxzWithLibrary(library, chunks(packed)))).equals(text)).toBe(true)
    await expect(collect(unxzWithLibrary(library, chunks(packed.subarray(0, 2000))))).rejects.toThrow()
  })

  test.skipIf(!haveTools('xz'))(`a dictionary beyond the limit is refused${skipReason('xz')}`, async () => {
    const { stdout } = await run(['xz', '--compress', '--stdout', '--lzma2=preset=0,dict=1MiB'], { input: 'x' })
    const huge = Buffer.from(stdout)
    // Block header: size, flags, filter id 0x21, one property byte (xz file format §3.1): 1.5 GiB instead.
    expect(huge.subarray(14, 16)).toEqual(Buffer.from([0x21, 0x01]))
    huge[16] = 37
    const options = { compression: 'xz', limit: 1e9, what: 'the sample' } as const
    await expect(collect(decompress(chunks(huge, 5), options))).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_TOO_LARGE' }),
    )
  })
})

describe('several members, streams or frames in one file', () => {
  const whole = { limit: 1e9, what: 'it' }
  test.each(['gz', 'xz', 'zst'] as const)('are read to the last: %s', async (compression) => {
    const pieces = [text.subarray(0, 100_000), Buffer.alloc(0), Buffer.from('x'), text.subarray(100_000)]
    const packed = await Promise.all(pieces.map((piece) => compress(piece, { compression, level: 3 })))
    const expected = Buffer.concat(pieces)
    expect((await unpack(Buffer.concat(packed), { compression, ...whole })).equals(expected)).toBe(true)
    for (const step of [1, 7, 1000, 65_536]) {
      const source = chunks(Buffer.concat(step < 8 ? packed.slice(1, 3) : packed), step)
      const read = await collect(decompress(source, { compression, ...whole }))
      expect(read.equals(step < 8 ? Buffer.from('x') : expected), `in steps of ${step}`).toBe(true)
    }
  })

  test.each(['gz', 'xz', 'zst'] as const)('the last of which is cut short: %s', async (compression) => {
    const packed = await compress(text, { compression, level: 3 })
    const bytes = Buffer.concat([packed, packed.subarray(0, packed.length - 20)])
    await expect(unpack(bytes, { compression, ...whole })).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
    const empty = unpack(Buffer.alloc(0), { compression, ...whole })
    await expect(empty).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
  })

  test.skipIf(!haveTools('zstd', 'gzip'))(`as the programs read them${skipReason('zstd', 'gzip')}`, async () => {
    for (const [program, compression] of [
      ['zstd', 'zst'],
      ['gzip', 'gz'],
    ] as const) {
      const packed = await Promise.all([text, text].map((piece) => compress(piece, { compression, level: 3 })))
      const { stdout } = await run([program, '-dc'], { input: Buffer.concat(packed), maxOutputBytes: 1e8 })
      expect(stdout.equals(Buffer.concat([text, text])), program).toBe(true)
    }
  })

  test('are known by their first bytes', async () => {
    for (const compression of ['none', 'gz', 'xz', 'zst'] as const)
      expect(compressionOf(await compress(text, { compression, level: 1 }))).toBe(compression)
    expect(compressionOf(Buffer.alloc(0))).toBe('none')
  })
})
