import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameFrom, systemPath } from './names.ts'

test('any bytes lead to a text and back, UTF-8 to itself and nothing else to UTF-8', () => {
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).map((text) => Buffer.from(text)),
    // What looks like a surrogate of its own (CESU-8), an overlong form, a cut-off character.
    fc.constantFrom('edb280', 'eda080', 'c0af', 'e282', 'efbfbd', 'f4908080').map((hex) => Buffer.from(hex, 'hex')),
  )
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
      const raw = Buffer.concat(pieces)
      const name = nameFrom(raw)
      const back = systemPath(name)
      expect(Buffer.from(back).equals(raw)).toBe(true)
      const utf8 = Buffer.from(raw.toString()).equals(raw)
      expect(name.isWellFormed()).toBe(utf8)
      expect(typeof back === 'string').toBe(utf8)
    }),
  )
})
