import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refreshTrust, type Renewal, type SiteOptions } from '../index.ts'
import { ROLE_LIFETIMES } from '../limits.ts'
import { later, makeWorld, putObject, type World } from '../testing/world.ts'

const DAY = 86_400

let world: World
beforeEach(async () => {
  world = await makeWorld(['web', 'new'])
})
afterEach(() => world[Symbol.asyncDispose]())

const code = (expected: string) => expect.objectContaining({ code: expected })
const options = (): SiteOptions => ({ site: world.site, keyring: world.keyring, now: world.clock.now })
const refresh = () => refreshTrust(options())
const rolesThat = (renewals: readonly Renewal[], what: 'renewed' | 'elsewhere') =>
  renewals.filter((one) => one[what]).map(({ role }) => role)

test('a site that nobody publishes to is good for years, and says the same all the time', {
  timeout: 60_000,
}, async () => {
  const next = { image: putObject(world.site, 'next'), packs: [] }
  const waves = [{ name: 'canary', select: { role: 'web' }, share: 500, open: true }]
  await world.publish(1, { next, rollout: { id: 'web-1', waves } })
  const client = world.client()
  const { statement: first } = await client.refresh('web')
  const before = world.clock.now
  for (const [day, role] of [
    [8, 'timestamp'],
    [31, 'statement'],
  ] as const) {
    later(world.clock, day * DAY)
    await expect(world.client(`nobody-renewed-the-${role}`).refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
    world.clock.now = before
  }
  let number = 1
  for (let days = 0; days < 800; days += 6) {
    await refresh()
    const { statement } = await client.refresh('web')
    const { renews, issued, expires } = statement
    expect(statement).toEqual({
      ...first,
      ...(renews === undefined ? {} : { renews: 1 }),
      number: statement.number,
      issued,
      expires,
    })
    expect(statement.number - number).toBeLessThanOrEqual(1)
    expect(Date.parse(expires) - Date.parse(issued)).toBe(Date.parse(first.expires) - Date.parse(first.issued))
    number = statement.number
    later(world.clock, 6 * DAY)
  }
  expect(number).toBeGreaterThan(30)
  expect((await world.client('fresh').refresh('web')).statement.number).toBe(number)
})

test('only what has lived half of its life is signed anew, the timestamp always', async () => {
  await world.publish(1)
  const files = () => readdirSync(join(world.site, 'trust')).length + readdirSync(join(world.site, 'channels')).length
  const before = files()
  const stamp = () => readFileSync(join(world.site, 'trust/timestamp.json'), 'utf8')
  const old = stamp()
  expect(rolesThat(await refresh(), 'renewed')).toEqual(['timestamp'])
  expect(files()).toBe(before)
  expect(stamp()).not.toBe(old)
  later(world.clock, 15 * DAY + 1)
  const renewals = await refresh()
  expect(rolesThat(renewals, 'renewed')).toEqual(['snapshot', 'timestamp', 'channel-web'])
  expect(renewals.find(({ role }) => role === 'channel-web')).toMatchObject({
    expires: '2027-01-05T06:00:01Z',
    statement: { number: 2, renews: 1, expires: '2027-01-05T06:00:01Z' },
  })
  later(world.clock, ROLE_LIFETIMES.root / 2)
  const all = await refresh()
  expect(rolesThat(all, 'renewed')).toEqual(['root', 'targets', 'snapshot', 'timestamp', 'channel-web', 'channel-new'])
  expect(all.find(({ statement }) => statement)?.statement).toMatchObject({ number: 3, renews: 1 })
  expect(rolesThat(all, 'elsewhere')).toEqual([])
})

test('killed after any step, the next refresh completes it', async () => {
  class PowerCut extends Error {}
  await world.publish(1)
  const client = world.client()
  for (let nth = 1, done = false; !done; nth++) {
    later(world.clock, 16 * DAY)
    const { number } = (await refreshAndRead()) ?? { number: 0 }
    later(world.clock, 16 * DAY)
    let written = 0
    const onWritten = () => {
      if (++written === nth) throw new PowerCut()
    }
    done = await refreshTrust({ ...options(), onWritten }).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof PowerCut)) throw error
        return false
      },
    )
    expect(await refreshAndRead()).toMatchObject({ number: number + 1 })
    if (done) expect(nth).toBeGreaterThan(4)
  }

  async function refreshAndRead() {
    await refresh()
    return (await client.refresh('web')).statement
  }
})

test('what others sign for is left to them, and said', async () => {
  await world.publish(1)
  const forget = (...roles: readonly string[]) => {
    for (const role of roles) rmSync(join(world.keyring.directory, `${role}.pem`))
  }
  forget('root', 'targets')
  later(world.clock, 200 * DAY)
  const renewals = await refresh()
  expect(rolesThat(renewals, 'renewed')).toEqual(['snapshot', 'timestamp', 'channel-web', 'channel-new'])
  expect(rolesThat(renewals, 'elsewhere')).toEqual(['root', 'targets'])
  expect((await world.client().refresh('web')).statement.number).toBe(2)
  forget('snapshot')
  later(world.clock, 16 * DAY)
  const stamp = await refresh()
  expect(rolesThat(stamp, 'renewed')).toEqual(['timestamp'])
  expect(rolesThat(stamp, 'elsewhere')).toEqual(['root', 'targets', 'snapshot', 'channel-web'])
  forget('timestamp')
  await expect(refresh()).rejects.toEqual(code('KEY_MISSING'))
})
