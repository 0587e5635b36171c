import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, bytesChange, counted, duration, milliseconds, share, shortDigest, whole } from './format.ts'
import { relative, utc } from './time.ts'

test('sizes keep three digits and their sign', () => {
  expect([0, 999, 1024, 1536, 102_400, 1_048_575, 611_204_117].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.00 KiB',
    '1.50 KiB',
    '100 KiB',
    '1.00 MiB',
    '583 MiB',
  ])
  expect(bytesChange(2048)).toBe('+2.00 KiB')
  expect(bytesChange(-2048)).toBe('−2.00 KiB')
})

test('no size needs more than three digits, but for those beyond the last unit', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 48 }), (size) => /^(\d{1,3}|\d\.\d\d|\d\d\.\d) \w+$/.test(bytes(size))))
})

test('counts, shares and digests', () => {
  expect([counted(1, 'node'), counted(12_345, 'node')]).toEqual(['1 node', '12,345 nodes'])
  expect(whole(5000)).toBe('5,000')
  expect([10_000, 9_950, 3_333, 0].map(share)).toEqual(['100 %', '99.5 %', '33.33 %', '0 %'])
  expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab')
})

test('durations', () => {
  expect([0, 119, 120, 395, 3600, 7199, 7260, 200_000].map(duration)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '6 min 35 s',
    '60 min',
    '119 min',
    '2 h 1 min',
    '2 d',
  ])
  expect([12, 2_310, 90_000].map(milliseconds)).toEqual(['12 ms', '2.3 s', '90 s'])
})

test('relative times say the direction, and what is no time says so', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  expect(relative('2026-03-01T11:59:48Z', now)).toBe('12 s ago')
  expect(relative('2026-03-01T11:53:25Z', now)).toBe('6 min ago')
  expect(relative('2026-03-01T12:03:00Z', now)).toBe('in 3 min')
  expect(relative('2026-03-01T12:00:01Z', now)).toBe('now')
  expect(relative('never', now)).toBe('unknown')
  expect(utc('2026-03-01T14:05:09.123+02:00')).toBe('2026-03-01 12:05:09 UTC')
})
