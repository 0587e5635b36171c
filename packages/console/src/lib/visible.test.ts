import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from './visible.ts'

test('direction overrides, zero-width characters and controls are shown', () => {
  expect(visible('a\u202eb')).toBe('a⟨U+202E⟩b')
  expect(visible('\u2066x\u2069 \u200b \u001b[31m')).toBe('⟨U+2066⟩x⟨U+2069⟩ ⟨U+200B⟩ ⟨U+001B⟩[31m')
})

test('letters of any script, tabs and newlines stay', () => {
  const text = 'naïve שלום 日本語\t1\n2'
  expect(visible(text)).toBe(text)
})

test('nothing that turns the direction of a line is left', () => {
  const unit = fc.constantFrom('a', ' ', '\u05d0', '\u202a', '\u202e', '\u2066', '\u2069', '\u200e', '\u200f', '\u061c')
  fc.assert(
    fc.property(fc.string({ unit }), (text) => !/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/.test(visible(text))),
  )
})
