import { type Digest, digestOf } from '@holotype/base'
import { openStore } from '@holotype/store'
import type { ChannelStatement } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run as stop } from '../commands/rollout/stop.ts'
import type { Context } from '../context.ts'
import { ACTOR, FLAGS, type KeyedDistribution, keyedDistribution } from '../testing/keyed-distribution.ts'
import { alone } from './alone.ts'
import { publish, startTime, statementOf } from './rollout.ts'

let made: KeyedDistribution
let context: Context
beforeEach(async () => {
  made = await keyedDistribution()
  context = made.context
})
afterEach(() => made[Symbol.dispose]())

const target = (text: string) => {
  const image: Digest = openStore(context.home.site).putJson({ text })
  return { image, packs: [] }
}
const rollout = { id: 'base-2', waves: [{ name: 'canary', select: {}, share: 10_000, open: true }] }
const publishFirst = () => publish(context, undefined, { channel: 'base', current: target('one'), reason: 'first' })
const published = () => statementOf(context, 'base')

describe('publish', () => {
  test('numbers statements from one, and says who and until when', async () => {
    const first = await publishFirst()
    expect(first).toMatchObject({ number: 1, actor: ACTOR, reason: 'first', channel: 'base' })
    expect(Date.parse(first.expires) - Date.parse(first.issued)).toBe(30 * 86_400_000)
    const second = await publish(context, first, { channel: 'base', current: target('two'), reason: 'next' })
    expect(second.number).toBe(2)
    expect(await published()).toEqual(second)
  })

  test('refuses a decision that was taken on an older statement', async () => {
    const first = await publishFirst()
    const second = await publish(context, first, { channel: 'base', current: target('two'), reason: 'next' })
    const late = publish(context, first, { channel: 'base', current: target('three'), reason: 'late' })
    await expect(late).rejects.toMatchObject({ code: 'STATEMENT_NOT_FORWARD' })
    expect(await published()).toEqual(second)
  })

  test('refuses an image that the site does not have', async () => {
    const absent = { image: digestOf('absent'), packs: [] }
    const torn = publish(context, undefined, { channel: 'base', current: absent, reason: 'torn' })
    await expect(torn).rejects.toMatchObject({ code: 'STATEMENT_OBJECT_MISSING' })
    expect(await published()).toBeUndefined()
  })
})

describe('when a rollout begins', () => {
  const begins = (text: string) =>
    startTime({ now: () => new Date('2026-11-22T00:00:00.500Z') }, { expires: 86_400 }, text)

  test.each([
    ['2026-11-22T22:00:00Z', '2026-11-22T22:00:00Z'],
    ['2026-11-22T22:00+01:00', '2026-11-22T21:00:00Z'],
    ['2026-11-22T23:59:59Z', '2026-11-22T23:59:59Z'],
  ])('%s is %s', (text, stated) => {
    expect(begins(text)).toBe(stated)
  })

  test.each(['tomorrow', '2026-11-22', '2026-11-22T22:00:00', '2026-13-22T22:00:00Z', '2026-11-23T00:00:00Z'])(
    '%s is refused',
    (text) => {
      expect(() => begins(text)).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }))
    },
  )

  test('is kept by the statement that is published', async () => {
    const first = await publishFirst()
    const notBefore = startTime(context, { expires: 86_400 }, wholeHourFrom(context.now()))
    const { current } = first
    const next = target('two')
    const later = { ...rollout, notBefore }
    await publish(context, first, { channel: 'base', current, next, rollout: later, reason: 'by night' })
    expect((await published())?.rollout).toEqual(later)
  })
})

const wholeHourFrom = (time: Date) => new Date(time.getTime() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')

describe('rollout stop', () => {
  test('names the current image alone, without any server', async () => {
    const first = await publishFirst()
    const { current } = first
    const going = await publish(context, first, {
      channel: 'base',
      current,
      next: target('two'),
      rollout,
      reason: 'go',
    })
    const stopped: ChannelStatement = await stop(context, { ...FLAGS, reason: 'smoke' }, 'base')
    expect(stopped).toMatchObject({ number: going.number + 1, current, reason: 'smoke' })
    expect(stopped.next).toBeUndefined()
    expect(await published()).toEqual(stopped)
    expect(made.events.find((event) => event.kind === 'note' && event.level === 'warning')).toBeDefined()
  })

  test('of a channel without a rollout is refused', async () => {
    await expect(stop(context, FLAGS, 'base')).rejects.toMatchObject({ code: 'ROLLOUT_NONE' })
    await publishFirst()
    await expect(stop(context, FLAGS, 'base')).rejects.toMatchObject({ code: 'ROLLOUT_NONE' })
  })
})

describe('alone', () => {
  test('lets one command at a time change a home', async () => {
    const nothing = async () => 'done'
    await alone(context, async () => {
      await expect(alone(context, nothing)).rejects.toMatchObject({ code: 'HOME_BUSY', exitCode: 4 })
    })
    expect(await alone(context, nothing)).toBe('done')
  })
})
