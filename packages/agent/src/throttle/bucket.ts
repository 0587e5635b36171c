import { BURST_MS } from '../limits.ts'

/** A token bucket that may go into debt: a piece is never cut, what it takes too much is waited for afterwards. */
export interface Bucket {
  /** Takes bytes at a time (milliseconds) and gives the milliseconds to wait before going on. */
  take(bytes: number, now: number): number
}

/** @param rate bytes a second; what is not used is saved up for {@link BURST_MS} */
export function tokenBucket(rate: number): Bucket {
  const most = (rate * BURST_MS) / 1000
  let tokens = most
  let last: number | undefined
  return {
    take(bytes, now) {
      tokens = Math.min(most, tokens + (Math.max(0, now - (last ?? now)) * rate) / 1000) - bytes
      last = now
      return tokens < 0 ? (-tokens * 1000) / rate : 0
    },
  }
}
