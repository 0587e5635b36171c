import { HolotypeError } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fail } from '../errors.ts'
import { HEADER_MAGIC, parseHeader } from './header.ts'
import { writeHeader } from './header-write.ts'
import { filePaths, recordOfHeader } from './record.ts'
import { HEADERIMMUTABLE, tagName, TAGS } from './tags.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'))
const values = fc.record({
  NAME: text,
  EPOCH: fc.nat(0xffffffff),
  FILEMODES: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 5 }),
  BASENAMES: fc.array(text, { minLength: 1, maxLength: 5 }),
  LONGFILESIZES: fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 3 }),
  SOURCEPKGID: fc.uint8Array({ minLength: 1, maxLength: 20 }),
})

const written = ({
  NAME,
  EPOCH,
  FILEMODES,
  BASENAMES,
  LONGFILESIZES,
  SOURCEPKGID,
}: typeof values extends fc.Arbitrary<infer T> ? T : never) =>
  writeHeader(
    [
      { tag: TAGS.LONGFILESIZES.number, type: 'int64[]', values: LONGFILESIZES },
      { tag: TAGS.NAME.number, type: 'string', values: [NAME] },
      { tag: TAGS.EPOCH.number, type: 'int32', values: [EPOCH] },
      { tag: TAGS.FILEMODES.number, type: 'int16[]', values: FILEMODES },
      { tag: TAGS.BASENAMES.number, type: 'string[]', values: BASENAMES },
      { tag: TAGS.SOURCEPKGID.number, type: 'bin', values: SOURCEPKGID },
    ],
    HEADERIMMUTABLE,
  )

test('what is written is read, with its magic as in a package and without as in an installed database', () => {
  fc.assert(
    fc.property(values, (given) => {
      const bytes = written(given)
      for (const form of [bytes, bytes.subarray(HEADER_MAGIC.length)]) {
        const header = parseHeader(form)
        expect(header.size).toBe(form.length)
        expect(header.string('NAME')).toBe(given.NAME)
        expect(header.number('EPOCH')).toBe(given.EPOCH)
        expect(header.numbers('FILEMODES')).toEqual(given.FILEMODES)
        expect(header.strings('BASENAMES')).toEqual(given.BASENAMES)
        expect(header.numbers('LONGFILESIZES')).toEqual(given.LONGFILESIZES)
        expect(header.binary('SOURCEPKGID')?.equals(given.SOURCEPKGID)).toBe(true)
        expect(header.has('VERSION')).toBe(false)
        expect(header.tags.map(tagName)).toEqual([
          'NAME',
          'EPOCH',
          'FILEMODES',
          'BASENAMES',
          'SOURCEPKGID',
          'LONGFILESIZES',
        ])
      }
    }),
  )
})

test('damaged headers are read or refused as the caller wants it', () => {
  const complain = (what: string) => fail('INSTALLED_MALFORMED', { what })
  let refused = 0
  fc.assert(
    fc.property(
      values,
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(600),
      (given, changes, length) => {
        const bytes = Buffer.from(written(given).subarray(0, length < 400 ? undefined : length))
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        try {
          const header = parseHeader(bytes, { complain })
          for (const tag of header.tags) {
            const type = header.raw.type(tag) ?? 0
            if (type === 7) header.raw.binary(tag)
            else if (type === 6 || type >= 8) header.raw.strings(tag)
            else header.raw.numbers(tag)
          }
          recordOfHeader(header)
        } catch (error) {
          refused++
          if (!(error instanceof HolotypeError)) throw error
          expect(['INSTALLED_MALFORMED', 'RELATION_MALFORMED']).toContain(error.code)
        }
      },
    ),
    { numRuns: 2000 },
  )
  expect(refused).toBeGreaterThan(200)
})

test('a count that asks for more than there is costs nothing', () => {
  const bytes = Buffer.from(
    written({
      NAME: 'a',
      EPOCH: 1,
      FILEMODES: [1],
      BASENAMES: ['b'],
      LONGFILESIZES: [1],
      SOURCEPKGID: new Uint8Array(1),
    }),
  )
  bytes.writeUInt32BE(0x7fffffff, 12)
  expect(() => parseHeader(bytes)).toThrow(expect.objectContaining({ code: 'PACKAGE_MALFORMED' }))
})

/** A header of two tags that our writer put one behind the other; the second's offset and count are set as told. */
function overlapping(offset: number, count: number): Buffer {
  const entries = [
    { tag: TAGS.NAME.number, type: 'string', values: ['name'] },
    { tag: TAGS.BASENAMES.number, type: 'string[]', values: ['a', 'b', 'c'] },
  ] as const
  const bytes = writeHeader(entries, HEADERIMMUTABLE)
  // After magic, intro and the region's entry.
  bytes.writeInt32BE(offset, 16 + 2 * 16 + 8)
  bytes.writeInt32BE(count, 16 + 2 * 16 + 12)
  return bytes
}

test('values that lie within each other are refused, as by rpm: a few bytes could be those of every tag', () => {
  expect(parseHeader(overlapping(5, 3)).strings('BASENAMES')).toEqual(['a', 'b', 'c'])
  expect(() => parseHeader(overlapping(0, 1))).toThrow('overlap')
  // The first string does not end before the second tag's values.
  expect(() => parseHeader(overlapping(2, 3)).string('NAME')).toThrow('does not end before the next values')
  // More strings than there are before the region's trailer.
  expect(() => parseHeader(overlapping(5, 5)).strings('BASENAMES')).toThrow('does not end before the next values')
})

test('paths that would fill the memory are refused: a long directory may be that of each file', () => {
  const files = 1000
  const entries = [
    { tag: TAGS.DIRINDEXES.number, type: 'int32[]', values: Array.from({ length: files }, () => 0) },
    { tag: TAGS.BASENAMES.number, type: 'string[]', values: Array.from({ length: files }, () => 'b') },
    { tag: TAGS.DIRNAMES.number, type: 'string[]', values: [`/${'d'.repeat(1_000_000)}/`] },
  ] as const
  const header = parseHeader(writeHeader(entries, HEADERIMMUTABLE))
  expect(() => filePaths(header)).toThrow(expect.objectContaining({ code: 'PACKAGE_TOO_LARGE' }))
})
