import { expect, test } from 'vitest'
import { seenByWrk } from './neighbours.ts'

test.each([
  ['2.24s ', 2240],
  ['2.07ms', 2.07],
  ['850.00us', 0.85],
  ['1.50m ', 90_000],
])('the 99th percentile of wrk: %s', (text, p99) => {
  const said = `  Latency Distribution\n     50%   11.11ms\n     99%    ${text}\n  37381 requests in 6.10m, 6.67MB read\nRequests/sec:    102.10\n`
  expect(seenByWrk(said)).toEqual({ p99, perSecond: 102.1 })
  expect(() => seenByWrk('')).toThrow('wrk said')
})
