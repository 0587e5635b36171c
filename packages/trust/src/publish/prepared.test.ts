import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Metadata, MetadataKind } from '@tufjs/models'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addChannel,
  createHolderKey,
  listSigners,
  prepareChange,
  publishPrepared,
  readPublicKey,
  refreshTrust,
  rotateRoot,
  type SignerChange,
  type SiteOptions,
  signPrepared,
} from '../index.ts'
import { forge, signedOf } from '../testing/forge.ts'
import { later, makeWorld, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const code = (expected: string) => expect.objectContaining({ code: expected })
const options = (): SiteOptions => ({ site: world.site, keyring: world.keyring, now: world.clock.now })
const numberOf = async (cache: string) => (await world.client(cache).refresh('web')).statement.number
const keyFile = (name: string) => join(world.directory, name)
const change = () => join(world.directory, 'change')

/** A person's key, on a machine of their own. */
async function holder(name: string) {
  await createHolderKey(keyFile(name))
  return (await readPublicKey(`${keyFile(name)}.pub`)).key
}

/** Prepares, lets people sign, and publishes. */
async function carryOut(changes: readonly SignerChange[], ...holders: readonly string[]): Promise<void> {
  rmSync(change(), { recursive: true, force: true })
  await prepareChange({ ...options(), directory: change(), changes })
  for (const name of holders) await signPrepared(change(), { file: keyFile(name) })
  await publishPrepared(options(), change())
}

/** Root and targets by two of three people, whose keys are not here; the keyring keeps snapshot, timestamp and the channels. */
async function takeOffline(): Promise<void> {
  const own = { root: world.keyring.publicKey('root').keyId, targets: world.keyring.publicKey('targets').keyId }
  const add = [await holder('alice'), await holder('bob'), await holder('carol')]
  await carryOut(
    (['root', 'targets'] as const).map((role) => ({ role, add, remove: [own[role]], threshold: 2 })),
    'alice',
    'bob',
  )
  for (const role of ['root', 'targets']) rmSync(join(world.keyring.directory, `${role}.pem`))
}

describe('root and targets by two of three keys that are elsewhere', () => {
  beforeEach(async () => {
    await world.publish(1)
    await numberOf('early')
    await takeOffline()
  })

  test('old and new clients follow; statements and timestamps need nobody', async () => {
    expect(await numberOf('early')).toBe(1)
    await world.publish(2)
    expect(await numberOf('early')).toBe(2)
    expect(await numberOf('fresh')).toBe(2)
    // Past half of every lifetime: what must be signed elsewhere is left alone.
    later(world.clock, 20 * 86_400)
    await refreshTrust(options())
    expect(await numberOf('early')).toBe(3)
    await world.publish(4)
    expect(await numberOf('early')).toBe(4)
  })

  test('@tufjs/models finds the new root signed by both roots', () => {
    const root = (version: number) =>
      Metadata.fromJSON(
        MetadataKind.Root,
        JSON.parse(readFileSync(join(world.site, `trust/${version}.root.json`), 'utf8')),
      )
    expect(() => root(1).verifyDelegate('root', root(2))).not.toThrow()
    expect(() => root(2).verifyDelegate('root', root(2))).not.toThrow()
    expect(root(2).signed.roles['root']?.threshold).toBe(2)
  })

  test.each<[string, readonly string[]]>([
    ['nobody', []],
    ['one of two', ['carol']],
    ['one of two, twice', ['carol', 'carol']],
    ['one of two and a stranger', ['carol', 'mallory']],
  ])('signed by %s: nothing is published', async (_, holders) => {
    await holder('mallory')
    const before = readdirSync(join(world.site, 'trust')).sort()
    await expect(carryOut([{ role: 'root', threshold: 1 }], ...holders)).rejects.toEqual(code('METADATA_UNSIGNED'))
    expect(readdirSync(join(world.site, 'trust')).sort()).toEqual(before)
    await world.publish(2)
    expect(await numberOf('early')).toBe(2)
  })

  test('holders who each sign a copy of their own machine', async () => {
    rmSync(change(), { recursive: true })
    await prepareChange({ ...options(), directory: change(), changes: [{ role: 'root', threshold: 3 }] })
    await expect(prepareChange({ ...options(), directory: change(), changes: [] })).rejects.toEqual(
      code('CHANGE_OUTDATED'),
    )
    for (const name of ['alice', 'bob', 'carol']) {
      const machine = join(world.directory, `machine-${name}`)
      mkdirSync(machine)
      for (const file of readdirSync(change())) copyFileSync(join(change(), file), join(machine, file))
      const [root] = await signPrepared(machine, { file: keyFile(name) })
      expect(root?.roles).toContainEqual(expect.objectContaining({ role: 'root', threshold: 3 }))
      for (const file of readdirSync(machine)) copyFileSync(join(machine, file), join(change(), file))
    }
    expect(await publishPrepared(options(), change())).toEqual({ version: 3 })
    expect(await numberOf('early')).toBe(1)
  })

  test('a person leaves and one comes: the old key is worth nothing from then on', async () => {
    const gone = (await readPublicKey(`${keyFile('carol')}.pub`)).keyId
    const dave = await holder('dave')
    await carryOut(
      (['root', 'targets'] as const).map((role) => ({ role, remove: [gone], add: [dave] })),
      'alice',
      'dave',
      'bob',
    )
    expect(await numberOf('early')).toBe(1)
    await expect(carryOut([], 'carol', 'alice')).rejects.toEqual(code('METADATA_UNSIGNED'))
    await carryOut([], 'dave', 'alice')
    expect(await numberOf('early')).toBe(1)
    expect(await numberOf('fresh')).toBe(1)
  })

  test('a key that is here is replaced: the keyring makes the next one, the holders sign the root that names it', async () => {
    const old = world.keyring.publicKey('timestamp').keyId
    const stolen = forge(world.keyring, 'timestamp', {
      ...signedOf(world.site, 'trust/timestamp.json'),
      version: 1000,
    })
    await expect(rotateRoot({ ...options(), roles: ['timestamp'] })).rejects.toEqual(code('METADATA_UNSIGNED'))
    expect(world.keyring.nextKey('timestamp')).toBeUndefined()
    rmSync(change(), { recursive: true })
    await prepareChange({ ...options(), directory: change(), changes: [], rotate: ['timestamp'] })
    for (const name of ['alice', 'bob']) await signPrepared(change(), { file: keyFile(name) })
    // While it is on its way, both keys sign.
    await refreshTrust(options())
    expect(await numberOf('early')).toBe(1)
    await publishPrepared(options(), change())
    expect(world.keyring.publicKey('timestamp').keyId).not.toBe(old)
    expect(world.keyring.nextKey('timestamp')).toBeUndefined()
    expect(await numberOf('early')).toBe(1)
    world.mirror.set('trust/timestamp.json', stolen)
    await expect(world.client('early').refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
  })

  test('a channel is added by a change', async () => {
    await expect(addChannel({ ...options(), channel: 'db' })).rejects.toEqual(code('KEY_MISSING'))
    await carryOut([{ role: 'channel-db' }], 'alice', 'bob')
    await carryOut([{ role: 'channel-mail', add: [await holder('dave')] }], 'alice', 'bob').then(
      () => expect.fail('the channel’s first file needs a signature by its own key'),
      (error: unknown) => expect(error).toEqual(code('KEY_MISSING')),
    )
    await expect(world.client().refresh('db')).rejects.toEqual(code('STATEMENT_MISSING'))
    expect(await numberOf('early')).toBe(1)
  })

  test('what was prepared before another change is refused', async () => {
    const stale = join(world.directory, 'stale')
    await prepareChange({ ...options(), directory: stale, changes: [] })
    for (const name of ['alice', 'bob']) await signPrepared(stale, { file: keyFile(name) })
    await carryOut([], 'alice', 'bob')
    await expect(publishPrepared(options(), stale)).rejects.toEqual(code('CHANGE_OUTDATED'))
  })

  test('who signs is listed, and what is here', async () => {
    const listed = await listSigners(options())
    expect(listed.map(({ role, threshold, keys }) => [role, threshold, keys.map(({ here }) => here)])).toEqual([
      ['root', 2, [false, false, false]],
      ['targets', 2, [false, false, false]],
      ['snapshot', 1, [true]],
      ['timestamp', 1, [true]],
      ['channel-web', 1, [true]],
    ])
  })
})

test('a threshold that no keys can reach, a key that is not there, a role that nobody knows', async () => {
  const prepare = (one: SignerChange) => prepareChange({ ...options(), directory: change(), changes: [one] })
  await expect(prepare({ role: 'root', threshold: 2 })).rejects.toEqual(code('THRESHOLD_UNREACHABLE'))
  await expect(prepare({ role: 'root', threshold: 0 })).rejects.toEqual(code('THRESHOLD_UNREACHABLE'))
  await expect(prepare({ role: 'root', remove: ['ab'] })).rejects.toEqual(code('KEY_MISSING'))
  await expect(prepare({ role: 'channel-none', threshold: 1 })).rejects.toEqual(code('CHANNEL_UNKNOWN'))
})

test('a site that somebody gave another root is not signed onwards, also where the root key is elsewhere', async () => {
  await world.publish(1)
  await takeOffline()
  const other = await makeWorld()
  try {
    for (const file of readdirSync(join(other.site, 'trust')))
      copyFileSync(join(other.site, 'trust', file), join(world.site, 'trust', file))
    await expect(world.publish(2)).rejects.toThrow()
  } finally {
    await other[Symbol.asyncDispose]()
  }
})

test('a holder’s key is never overwritten', async () => {
  await holder('alice')
  await expect(createHolderKey(keyFile('alice'))).rejects.toEqual(code('KEY_EXISTS'))
})
