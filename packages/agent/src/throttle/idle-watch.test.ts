import { expect, test } from 'vitest'
import { IDLE_LOOK_MS, IDLE_REST_MS } from '../limits.ts'
import { IdleWatch } from './idle-watch.ts'

test('who gets a tenth of what it could use takes what is left', () => {
  const watch = new IdleWatch(0, { ran: 0, waited: 0 })
  expect(watch.next).toBe(IDLE_LOOK_MS)
  expect(watch.look(1000, { ran: 100, waited: 900 })).toBe(true)
  // It rested for the throttle's sake: nobody held it up.
  expect(watch.look(2000, { ran: 100, waited: 900 })).toBe(true)
})

test('who gets less is nice for a while, and tries again', () => {
  const watch = new IdleWatch(0, { ran: 0, waited: 0 })
  expect(watch.look(1000, { ran: 90, waited: 910 })).toBe(false)
  expect(watch.next).toBe(1000 + IDLE_REST_MS)
  expect(watch.look(watch.next, { ran: 500, waited: 10_000 })).toBe(true)
  expect(watch.next).toBe(1000 + IDLE_REST_MS + IDLE_LOOK_MS)
  expect(watch.look(watch.next, { ran: 501, waited: 10_999 })).toBe(false)
})
