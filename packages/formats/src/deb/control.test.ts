import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseStanza, parseStanzas, renderStanza } from './control.ts'

const malformed = expect.objectContaining({ code: 'CONTROL_MALFORMED' })

test('stanzas, continuation lines and comments', () => {
  const text =
    '# a comment\nSource: a\nBuild-Depends:\n b,\n# within\n c\n\n\nPackage: d\r\nDescription: short\n long\n .\n'
  expect(parseStanzas(text)).toEqual([
    [
      ['Source', 'a'],
      ['Build-Depends', '\n b,\n c'],
    ],
    [
      ['Package', 'd'],
      ['Description', 'short\n long\n .'],
    ],
  ])
})

test.each([' continues nothing', 'no colon', ': no name', 'A: 1\na: 2', '-A: 1'])('%j does not parse', (text) => {
  expect(() => parseStanzas(text)).toThrow(malformed)
})

test('one stanza is one stanza', () => {
  expect(() => parseStanza('A: 1\n\nA: 2')).toThrow(malformed)
  expect(() => parseStanza('')).toThrow(malformed)
})

test.each([
  [['A', 'x\ny']],
  [['A', 'x\n\n y']],
  [['A', ' x']],
  [['A b', 'x']],
  [['', 'x']],
  [['#A', 'x']],
  [['A', 'x\n ']],
] as const)('a field that would not come back is not written: %j', (field) => {
  expect(() => renderStanza([field])).toThrow(malformed)
})

test('what is written is read back', () => {
  const word = fc.string({ minLength: 1, maxLength: 10, unit: 'grapheme' }).map((text) => text.replace(/[\s\0]/g, 'x'))
  const value = fc
    .tuple(
      fc.oneof(fc.constant(''), word),
      fc.array(
        word.map((text) => ` ${text}`),
        { maxLength: 3 },
      ),
    )
    .map(([first, rest]) => [first, ...rest].join('\n'))
  const stanza = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/), value), {
    minLength: 1,
    maxLength: 6,
    selector: ([name]) => name.toLowerCase(),
  })
  fc.assert(
    fc.property(fc.array(stanza, { maxLength: 4 }), (stanzas) => {
      expect(parseStanzas(stanzas.map(renderStanza).join('\n'))).toEqual(stanzas)
    }),
  )
})
