import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openIndex } from './lazy-index.ts'
import { parseIndex } from './primary.ts'

const NAMES = ['a', 'libc.so.6()(64bit)', '/usr/bin/x', '/etc/y', 'b', '(a if b)'] as const
const name = fc.constantFrom(...NAMES)
const escaped = (text: string) => text.replaceAll('&', '&amp;')
const list = (tag: string) =>
  fc
    .array(name, { maxLength: 3 })
    .map((names) => `<rpm:${tag}>${names.map((one) => `<rpm:entry name="${escaped(one)}"/>`).join('\n')}</rpm:${tag}>`)
const plainList = (tag: string) =>
  fc
    .array(fc.constantFrom('a', 'b', '/etc/y'), { maxLength: 2 })
    .map((names) => `<rpm:${tag}>${names.map((one) => `<rpm:entry name="${one}"/>`).join('')}</rpm:${tag}>`)
const files = fc
  .subarray(['/usr/bin/x', '/etc/y', '/etc/a&b'])
  .map((paths) => paths.map((path) => `<file>${escaped(path)}</file>`).join(''))
const one = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c'),
    fc.constantFrom('x86_64', 'noarch', 'src'),
    fc.nat(9),
    fc.tuple(plainList('provides'), list('requires'), plainList('obsoletes'), list('supplements'), list('recommends')),
    files,
    fc.constantFrom('', '\n', '<!-- <package type="rpm"> -->', '<other/>'),
  )
  .map(
    ([named, arch, version, lists, paths, before]) =>
      `${before}<package type="rpm"><name>${named}</name><arch>${arch}</arch><version epoch="0" ver="${version}" rel="1"/><location href="p/${named}.rpm"/><format>${lists.join('')}${paths}</format></package>`,
  )
const index = fc
  .array(one, { maxLength: 6 })
  .map((all) => `<?xml version="1.0"?>\n<metadata>${all.join('\n')}</metadata>\n`)

describe('a primary.xml read as it is asked', () => {
  it('holds what parseIndex gives, by place, by name, and by what is provided, obsoleted and supplemented', () => {
    fc.assert(
      fc.property(index, fc.boolean(), fc.integer({ min: 1, max: 3 }), (text, backwards, together) => {
        const bytes = Buffer.from(text)
        const all = parseIndex(bytes)
        const opened = openIndex(bytes, together)
        expect(opened.size).toBe(all.length)
        const places = [...all.keys()]
        if (backwards) places.reverse()
        for (const place of places) expect(opened.record(place)).toEqual(all[place])
        const where = (holds: (record: (typeof all)[number]) => boolean) =>
          all.flatMap((record, place) => (holds(record) ? [place] : []))
        for (const wanted of [...NAMES, '/etc/a&b']) {
          const has = (relations: readonly { readonly name: string }[]) =>
            relations.some((each) => each.name === wanted)
          expect(opened.named(wanted)).toEqual(where((record) => record.name === wanted))
          expect(opened.providing(wanted)).toEqual(
            where((record) => has(record.provides) || (record.files ?? []).includes(wanted)),
          )
          expect(opened.obsoleting?.(wanted)).toEqual(where((record) => has(record.obsoletes ?? [])))
          expect(opened.supplementing?.(wanted)).toEqual(
            where((record) => (record.supplements ?? []).some((group) => has(group.filter(({ negated }) => !negated)))),
          )
        }
        const named = all.flatMap(({ depends, recommends, supplements = [] }) =>
          [...depends, ...recommends, ...supplements].flat().map((relation) => relation.name),
        )
        expect([...(opened.paths ?? [])].sort()).toEqual(
          [...new Set(named.filter((each) => each.startsWith('/')))].sort(),
        )
        expect([...opened.names()].sort()).toEqual([...new Set(all.map((record) => record.name))].sort())
      }),
      { numRuns: 500 },
    )
  })

  it('is refused whole where one package is wrong, and told from places it does not have', () => {
    const whole = (arch: string) =>
      Buffer.from(
        `<metadata><package type="rpm"><name>a</name><arch>${arch}</arch><version ver="1" rel="1"/><location href="a.rpm"/></package></metadata>`,
      )
    expect(() => openIndex(whole('x y'))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
    const opened = openIndex(whole('noarch'))
    expect(() => opened.record(1)).toThrow(RangeError)
    expect(opened.record(0).name).toBe('a')
  })
})
