import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { painter, type ProgressEvent, run as runProgram, SYSTEM_PATH } from '@holotype/base'
import { initDistribution } from '@holotype/distribution'
import { openStore } from '@holotype/store'
import { openTrustClient } from '@holotype/trust'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../../config.ts'
import { type Context, createContext } from '../../context.ts'
import { publish } from '../../work/rollout.ts'
import { listSite } from '../../work/site.ts'
import { run as createKeys } from './keys-create.ts'
import { run as refresh, show } from './trust-refresh.ts'

const FLAGS = { json: false, quiet: true }

let place = ''
let context: Context
let events: ProgressEvent[] = []
beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-refresh-'))
  events = []
  initDistribution(place, 'acme')
  const env = { PATH: SYSTEM_PATH, HOME: place }
  await runProgram(['git', '-C', place, 'init', '--quiet'], { env })
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org']
  const empty = ['commit', '--quiet', '--allow-empty', '--message', 'x']
  await runProgram(['git', '-C', place, ...who, ...empty], { env })
  context = createContext({
    config: readConfig({ HOLOTYPE_DIRECTORY: place, HOLOTYPE_SERVER: 'http://127.0.0.1:1' }),
    flags: FLAGS,
    progress: (event) => events.push(event),
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
  await createKeys(context, FLAGS)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const daysOn = (days: number) => new Date(Date.now() + days * 86_400_000)
const on = (day: number): Context => ({ ...context, now: () => daysOn(day) })
/** A new node's look at the site. */
const lookOn = (day: number) =>
  openTrustClient({
    directory: join(place, `cache-${day}`),
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
  expect(events.filter(({ kind }) => kind === 'note')).toEqual([])
  await refresh(on(12), FLAGS)
  const renewals = await refresh(on(18), FLAGS)
  for (const day of [24, 30]) await refresh(on(day), FLAGS)
  const { statement } = await lookOn(32)
  const { issued, expires } = statement
  expect(statement).toEqual({ ...first, number: 2, renews: 1, issued, expires })
  expect(issued.slice(0, 10)).toBe(daysOn(18).toISOString().slice(0, 10))
  // No server answers here: the site is renewed all the same.
  expect(events.filter(({ kind }) => kind === 'note')).toEqual([
    expect.objectContaining({ level: 'warning', text: expect.stringContaining('not heard of statement 2 of base') }),
  ])
  const words = show(renewals, { paint: painter(false), now: daysOn(18) })
  expect(words).toMatch(/^timestamp +\S+Z +in [67] d +signed anew$/m)
  expect(words).toMatch(/^channel-base +\S+Z +in (29|30) d +signed anew: statement 2 repeats 1$/m)
  expect(words).toMatch(/^root +\S+Z +in \d+ d$/m)
  // What it wrote is listed for mirrors.
  expect((await listSite(on(31))).changed).toBe(false)
})
