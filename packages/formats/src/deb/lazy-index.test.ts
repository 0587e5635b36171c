import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openIndex } from './lazy-index.ts'
import { parseIndex } from './packages-index.ts'

const NAMES = ['a', 'libc6', 'x+y', 'b.c']
const name = fc.constantFrom(...NAMES)
const cased = (field: string) => fc.constantFrom(field, field.toLowerCase(), field.toUpperCase())
const line = (field: string, value: fc.Arbitrary<string>) =>
  fc.tuple(cased(field), value).map((pair) => pair.join(': '))
const provides = fc.array(fc.tuple(name, fc.constantFrom('', ' (= 1)', ':any')), { minLength: 1, maxLength: 3 })
const others = fc.constantFrom(
  'Depends: a, libc6 (>= 2)',
  'Description: Package: not a field\n Provides: neither\n .\n and more',
  'Package-Type: deb',
  'Provider: nobody',
  'Essential: yes',
  'Priority: optional',
)
const stanza = fc
  .tuple(
    line('Package', name),
    fc.option(
      line(
        'Provides',
        fc.tuple(provides, fc.constantFrom(', ', ',\n ')).map(([all, by]) => all.map((one) => one.join('')).join(by)),
      ),
    ),
    fc.uniqueArray(others, { maxLength: 3 }),
  )
  .chain(([first, second, more]) =>
    fc.shuffledSubarray([first, ...(second === null ? [] : [second]), ...more, 'Version: 1', 'Architecture: all'], {
      minLength: 3 + more.length + (second === null ? 0 : 1),
    }),
  )
const index = fc
  .tuple(fc.array(stanza, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), fc.constantFrom('\n\n', '\n\n\n', '\n\r\n'))
  .map(([stanzas, end, gap]) => `${stanzas.map((lines) => lines.join('\n')).join(gap)}${stanzas.length > 0 ? end : ''}`)

describe('an index read as it is asked', () => {
  it('holds what parseIndex gives, by place, by name and by what is provided', () => {
    fc.assert(
      fc.property(index, (text) => {
        const bytes = Buffer.from(text)
        const all = parseIndex(bytes)
        const opened = openIndex(bytes)
        expect(opened.size).toBe(all.length)
        expect(all.map((_, place) => opened.record(place))).toEqual(all)
        const places = (holds: (record: (typeof all)[number]) => boolean) =>
          all.flatMap((record, place) => (holds(record) ? [place] : []))
        for (const wanted of NAMES) {
          expect(opened.named(wanted)).toEqual(places((record) => record.name === wanted))
          expect(opened.providing(wanted)).toEqual(
            places((record) => record.provides.some((relation) => relation.name === wanted)),
          )
        }
        expect([...opened.names()].sort()).toEqual([...new Set(all.map((record) => record.name))].sort())
        expect(new Set(opened.essential)).toEqual(new Set(places((record) => record.essential)))
      }),
      { numRuns: 1000 },
    )
  })
  it('refuses a stanza without a name at once, and what else is wrong with one when it is asked for', () => {
    expect(() => openIndex(Buffer.from('Package: a\nVersion: 1\n\nVersion: 2\n'))).toThrow(
      'the stanza at byte 23 of the index has no Package',
    )
    const opened = openIndex(Buffer.from('Package: a\nArchitecture: all\n'))
    expect(() => opened.record(0)).toThrow('a: "" is no version')
    expect(() => opened.record(1)).toThrow(RangeError)
  })
  it('never fails but with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          const opened = openIndex(bytes)
          for (let place = 0; place < opened.size; place++) opened.record(place)
        } catch (error) {
          expect(error).toMatchObject({ code: 'REPOSITORY_MALFORMED' })
        }
      }),
      { numRuns: 1000 },
    )
  })
})
