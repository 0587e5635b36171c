import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { digestOf, HolotypeError, hexOf } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import type { Format } from '../types.ts'
import type { FormatFixtures } from './contract.ts'
import { sampleElf } from './elf.ts'
import { payloadArbitrary, readWhole, SMALL_PAYLOAD } from './payloads.ts'
import { scratch } from './tools.ts'

const CLEAN_FAILURES = ['PACKAGE_MALFORMED', 'PACKAGE_TRUNCATED', 'PACKAGE_TOO_LARGE']

/** Package files: what is written comes back; damage is found or harmless. */
export function packageContract(format: Format, fixtures: FormatFixtures): void {
  const { release = '1.0-1' } = fixtures
  const small = fixtures.package('sample', '1', SMALL_PAYLOAD)
  const stored = fixtures.stored ?? ((payload) => payload)
  const failureOf = async (path: string) => {
    try {
      await readWhole(format, path)
      return undefined
    } catch (error) {
      return error
    }
  }

  test('what is written is read back, and the same input gives the same bytes', async () => {
    using directory = scratch()
    await fc.assert(
      fc.asyncProperty(payloadArbitrary(fixtures.payloads), async (members) => {
        const content = fixtures.package('sample', release, members)
        await format.writePackage(directory.at('a'), content)
        await format.writePackage(directory.at('b'), content)
        const bytes = readFileSync(directory.at('a'))
        expect(bytes.equals(readFileSync(directory.at('b')))).toBe(true)
        const { payload: back, file } = await readWhole(format, directory.at('a'))
        expect(back).toEqual(stored(members))
        expect(file.fields).toEqual(expect.arrayContaining([...content.fields]))
        for (const [name, member] of content.control) expect(file.control.get(name)).toEqual(member)
        expect(file.scripts).toEqual(fixtures.scripts)
        expect(file.record).toMatchObject({ name: 'sample', version: release, size: bytes.length, filename: '' })
        expect(file.record.sha256).toBe(hexOf(digestOf(bytes)))
      }),
      { numRuns: 20 },
    )
  })

  test.each([...fixtures.compressions])('a payload compressed by %s comes back', async (compression) => {
    using directory = scratch()
    await format.writePackage(directory.at('p'), { ...small, compression })
    const { payload } = await readWhole(format, directory.at('p'))
    expect(payload).toEqual(stored(SMALL_PAYLOAD))
  })

  test('a compression that the format does not have is refused', async () => {
    using directory = scratch()
    const known = new Set<string>(fixtures.compressions)
    for (const compression of ['none', 'gz', 'xz', 'zst', 'bz2', 'lzma'] as const)
      if (!known.has(compression))
        await expect(format.writePackage(directory.at('p'), { ...small, compression })).rejects.toThrow(
          expect.objectContaining({ code: 'PACKAGE_UNWRITABLE' }),
        )
  })

  test('a visitor may leave content unread, and its own error comes out as it is', async () => {
    using directory = scratch()
    await format.writePackage(directory.at('p'), small)
    const paths: string[] = []
    await format.readPackage(directory.at('p'), (entry) => void paths.push(entry.path))
    expect(paths).toEqual(stored(SMALL_PAYLOAD).map(({ path }) => path))
    const mine = new Error('mine')
    await expect(
      format.readPackage(directory.at('p'), () => {
        throw mine
      }),
    ).rejects.toBe(mine)
  })

  test('a package is the same with and without its payload, and inspected', async () => {
    using directory = scratch()
    const library = sampleElf({ soname: 'libhello.so.1', needed: ['libc.so.6', 'libm.so.6'] })
    const [directory_, , file] = SMALL_PAYLOAD
    const payload = [
      directory_,
      { ...file, path: 'usr/libhello.so.1', size: library.length, bytes: library },
      { ...file, path: 'usr/text' },
    ]
    const content = fixtures.package('sample', '2', payload)
    await format.writePackage(directory.at('p'), content)
    const without = await format.readPackage(directory.at('p'))
    const inspected = await inspectPackage(format, directory.at('p'))
    expect(inspected).toMatchObject({ record: without.record, fields: without.fields, scripts: without.scripts })
    expect(inspected.needed).toEqual(['libc.so.6', 'libm.so.6'])
    expect(inspected.provided).toEqual(['libhello.so.1'])
    const digests = stored(payload).map(({ bytes, path, size }) => ({
      path,
      size,
      ...(bytes ? { sha256: hexOf(digestOf(bytes)) } : {}),
    }))
    expect(inspected.files).toMatchObject(digests)
  })

  test('a package cut short anywhere fails cleanly', async () => {
    using directory = scratch()
    await format.writePackage(directory.at('p'), small)
    const bytes = readFileSync(directory.at('p'))
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 150)) {
      writeFileSync(directory.at('cut'), bytes)
      truncateSync(directory.at('cut'), length)
      const error = await failureOf(directory.at('cut'))
      expect(error, `cut after ${length} of ${bytes.length}`).toBeInstanceOf(HolotypeError)
      expect(CLEAN_FAILURES).toContain(error instanceof HolotypeError ? error.code : '')
    }
  })

  test('a package with flipped bytes is read or fails cleanly', async () => {
    using directory = scratch()
    await format.writePackage(directory.at('p'), small)
    const bytes = readFileSync(directory.at('p'))
    const flip = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(flip, async ([offset, difference]) => {
        const damaged = Buffer.from(bytes)
        damaged[offset] = (damaged[offset] ?? 0) ^ difference
        writeFileSync(directory.at('bad'), damaged)
        const error = await failureOf(directory.at('bad'))
        if (error !== undefined)
          expect(CLEAN_FAILURES, error instanceof Error ? error.message : 'no error').toContain(
            error instanceof HolotypeError ? error.code : '',
          )
      }),
      { numRuns: 150 },
    )
  })

  test('a root without a database has nothing installed', () => {
    using directory = scratch()
    expect(format.readInstalled(directory.path)).toEqual([])
  })
}
