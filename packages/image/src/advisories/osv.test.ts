import { formats } from '@holotype/formats'
import { describe, expect, it, test } from 'vitest'
import { readOsv } from './osv.ts'

/** As the archive of public advisories has it, shortened. */
const DSA = {
  id: 'DSA-3029-1',
  summary: 'nginx - security update',
  affected: [
    {
      package: { ecosystem: 'Debian:7', name: 'nginx' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2.1-2.2+wheezy3' }] }],
    },
  ],
  aliases: ['CVE-2014-3616'],
  published: '2014-09-20T00:00:00Z',
  details: 'It was possible to reuse cached SSL sessions.',
}

const read = (value: unknown, ecosystem = 'Debian:7') =>
  readOsv(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), {
    ...{ file: 'osv.json', ecosystem, format: formats.deb },
  })

/** A record of these events. */
const withEvents = (...events: readonly unknown[]) => ({
  ...DSA,
  affected: [{ package: { ecosystem: 'Debian:7', name: 'nginx' }, ranges: [{ type: 'ECOSYSTEM', events }] }],
})
const rangesOf = (...events: readonly unknown[]) =>
  read(withEvents(...events)).advisories.map(({ introduced, fixed, lastAffected }) => [introduced, fixed, lastAffected])

describe('OSV records', () => {
  it('are those of one release', () => {
    const [more] = DSA.affected
    const record = { ...DSA, affected: [more, { ...more, package: { ecosystem: 'Debian:8', name: 'nginx' } }] }
    const said = {
      ...{ id: 'DSA-3029-1', title: 'nginx - security update', severity: '' },
      ...{ package: 'nginx', fixed: '1.2.1-2.2+wheezy3' },
    }
    expect(read(record)).toEqual({ advisories: [said], withoutRange: [] })
    expect(read([record, DSA]).advisories).toEqual([said, said])
    expect(read(DSA, 'Debian:70').advisories).toEqual([])
    expect(read({ ...DSA, withdrawn: '2020-01-01T00:00:00Z' }).advisories).toEqual([])
  })

  it.each([
    [[{ introduced: '0' }], [[undefined, undefined, undefined]]],
    [[{ fixed: '1.10' }, { introduced: '1.9' }], [['1.9', '1.10', undefined]]],
    [
      [{ introduced: '1:0' }, { introduced: '0' }, { fixed: '2' }],
      [
        [undefined, '2', undefined],
        ['1:0', undefined, undefined],
      ],
    ],
    [
      [{ introduced: '0' }, { fixed: '2~rc1' }, { introduced: '2' }, { fixed: '3' }],
      [
        [undefined, '2~rc1', undefined],
        ['2', '3', undefined],
      ],
    ],
    [[{ introduced: '1' }, { last_affected: '1' }], [['1', undefined, '1']]],
    [[{ introduced: '2' }, { fixed: '2' }], [['2', undefined, undefined]]],
    [[{ fixed: '2' }], []],
  ])('events %j are ranges %j', (events, ranges) => {
    expect(rangesOf(...events)).toEqual(ranges)
  })

  it('that name no range are counted', () => {
    const git = { type: 'GIT', events: [{ introduced: '0' }] }
    const [item] = DSA.affected
    expect(read({ ...DSA, affected: [{ ...item, ranges: [git], versions: ['1.0'] }] })).toEqual({
      ...{ advisories: [], withoutRange: ['DSA-3029-1'] },
    })
  })

  it('say how bad it is in their own words', () => {
    const [item] = DSA.affected
    const severityOf = (more: object, of: object = {}) =>
      read({ ...DSA, ...more, affected: [{ ...item, ...of }] }).advisories[0]?.severity
    const severity = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }]
    expect(severityOf({ severity }, { ecosystem_specific: { urgency: 'unimportant' } })).toBe('unimportant')
    expect(severityOf({ severity, database_specific: { severity: 'HIGH' } })).toBe('HIGH')
    expect(severityOf({ severity })).toBe('CVSS:3.1/AV:N')
    expect(severityOf({}, { ecosystem_specific: { urgency: ['x'] } })).toBe('')
  })

  it('without a title have the first line of what they say', () => {
    const { summary: _, ...untitled } = DSA
    expect(read({ ...untitled, details: '\n one\ntwo' }).advisories[0]?.title).toBe('one')
    expect(read({ ...DSA, summary: 'x'.repeat(5000) }).advisories[0]?.title.length).toBeLessThanOrEqual(300)
  })
})

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

test.each([
  ['{', 'no JSON'],
  ['\ufeff\u0000', 'no JSON'],
  ['null', 'no OSV record'],
  ['[[]]', 'no OSV record'],
  [deep, ''],
  [JSON.stringify({ ...DSA, id: 'a\u001b[31m' }), 'no OSV record at id'],
  [JSON.stringify({ ...DSA, id: 'x'.repeat(10_000) }), 'no OSV record at id'],
  [JSON.stringify({ ...DSA, affected: {} }), 'no OSV record at affected'],
  [JSON.stringify(withEvents({ introduced: 1 })), 'no OSV record at affected.0.ranges.0.events.0.introduced'],
  [JSON.stringify(withEvents({ fixed: '' })), 'no OSV record at affected'],
  [JSON.stringify(withEvents({ fixed: '1'.repeat(1000) })), 'no OSV record at affected'],
])('%.60s is refused', (text, why) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'ADVISORIES_MALFORMED', message: expect.stringContaining(why) }),
  )
})

test('bytes that are no UTF-8 are refused', () => {
  const bytes = Buffer.from([0x22, 0xff, 0x22])
  expect(() => readOsv(bytes, { file: 'x', ecosystem: 'Debian:7', format: formats.deb })).toThrow(
    expect.objectContaining({ code: 'ADVISORIES_MALFORMED' }),
  )
})

test('a member named as what every object has is nothing of ours', () => {
  const text = JSON.stringify(DSA).replace('{', '{"__proto__":{"withdrawn":"x"},"constructor":1,')
  expect(read(text).advisories.length).toBe(1)
})
