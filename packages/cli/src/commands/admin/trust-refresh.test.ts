import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { painter } from '@holotype/base'
import { openStore } from '@holotype/store'
import { openTrustClient } from '@holotype/trust'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Context } from '../../context.ts'
import { FLAGS, type KeyedDistribution, keyedDistribution } from '../../testing/keyed-distribution.ts'
import { publish } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'
import { run as refresh, show } from './trust-refresh.ts'

let made: KeyedDistribution
let context: Context
beforeEach(async () => {
  made = await keyedDistribution()
  context = made.context
})
afterEach(() => made[Symbol.dispose]())

const daysOn = (days: number) => new Date(Date.now() + days * 86_400_000)
const on = (day: number): Context => ({ ...context, now: () => daysOn(day) })
/** A new node's look at the site. */
const lookOn = (day: number) =>
  openTrustClient({
    directory: join(made.place, `cache-${day}`),
    initialRoot: readFileSync(join(context.home.site, 'trust/1.root.json')),
    fetch: async (path) => {
      const file = join(context.home.site, path)
      return existsSync(file) ? readFileSync(file) : undefined
    },
    now: () => daysOn(day),
  }).refresh('base')

test('refreshed each week, a site with a statement is good past the lives of timestamp and statement', async () => {
  const image = openStore(context.home.site).putJson({ text: 'one' })
  const first = await publish(context, undefined, { channel: 'base', current: { image, packs: [] }, reason: 'first' })
  await expect(lookOn(8)).rejects.toMatchObject({ code: 'METADATA_EXPIRED' })
  await refresh(on(6), FLAGS)
  expect((await lookOn(8)).statement).toEqual(first)
  expect(made.events.filter(({ kind }) => kind === 'note')).toEqual([])
  await refresh(on(12), FLAGS)
  const renewals = await refresh(on(18), FLAGS)
  for (const day of [24, 30]) await refresh(on(day), FLAGS)
  const { statement } = await lookOn(32)
  const { issued, expires } = statement
  expect(statement).toEqual({ ...first, number: 2, renews: 1, issued, expires })
  expect(issued.slice(0, 10)).toBe(daysOn(18).toISOString().slice(0, 10))
  // No server answers here: the site is renewed all the same.
  expect(made.events.filter(({ kind }) => kind === 'note')).toEqual([
    expect.objectContaining({ level: 'warning', text: expect.stringContaining('not heard of statement 2 of base') }),
  ])
  const words = show(renewals, { paint: painter(false), now: daysOn(18) })
  expect(words).toMatch(/^timestamp +\S+Z +in [67] d +signed anew$/m)
  expect(words).toMatch(/^channel-base +\S+Z +in (29|30) d +signed anew: statement 2 repeats 1$/m)
  expect(words).toMatch(/^root +\S+Z +in \d+ d$/m)
  // What it wrote is listed for mirrors.
  expect((await listSite(on(31))).changed).toBe(false)
})
