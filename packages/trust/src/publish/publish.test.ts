import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, digestOf } from '@holotype/base'
import { Metadata, MetadataKind, Signature } from '@tufjs/models'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addChannel,
  createKeyring,
  initTrust,
  openTrustClient,
  publishedStatement,
  publishStatement,
  refreshTrust,
  rotateRoot,
  type SiteOptions,
} from '../index.ts'
import { ROLE_LIFETIMES } from '../limits.ts'
import { forge, signedOf } from '../testing/forge.ts'
import { later, makeWorld, putObject, type World } from '../testing/world.ts'
import { siteFetch } from './published.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const code = (expected: string) => expect.objectContaining({ code: expected })
const options = (): SiteOptions => ({ site: world.site, keyring: world.keyring, now: world.clock.now })
const numberOf = async (cache: string) => (await world.client(cache).refresh('web')).statement.number

class PowerCut extends Error {}

/** Runs an operation that dies right after its nth file; true once there is no nth file. */
async function survives(nth: number, operation: (options: SiteOptions) => Promise<unknown>): Promise<boolean> {
  let written = 0
  const onWritten = () => {
    if (++written === nth) throw new PowerCut()
  }
  try {
    await operation({ ...options(), onWritten })
    return true
  } catch (error) {
    if (error instanceof PowerCut) return false
    throw error
  }
}

describe('killed after any step', () => {
  test('a publish: every client stays with the old statement, and the next publish works', async () => {
    await world.publish(1)
    await numberOf('old')
    let number = 1
    let steps = 0
    for (let nth = 1; ; nth++) {
      number++
      const statement = world.statement(number)
      const done = await survives(nth, (killed) => publishStatement({ ...killed, statement }))
      // After the last file, the timestamp, the new one is out; before it, nobody sees anything of it.
      const expected = [number - 1, number]
      const seen = await numberOf('old')
      expect(expected).toContain(seen)
      expect(await numberOf(`new-${nth}`)).toBe(seen)
      if (seen === number - 1) steps++
      if (done) break
      await world.publish(++number)
      expect(await numberOf('old')).toBe(number)
      expect(await numberOf(`next-${nth}`)).toBe(number)
    }
    // statement, channel role, snapshot
    expect(steps).toBe(3)
  })

  test('an init: repeating it completes it, with the root file that is there', async () => {
    for (let nth = 1; ; nth++) {
      const site = join(world.directory, `site-${nth}`)
      const init = (more: SiteOptions) => initTrust({ ...more, site, channels: ['web', 'db'] })
      if (await survives(nth, init)) break
      const root = readFileSync(join(site, 'trust/1.root.json'))
      if (existsSync(join(site, 'trust/timestamp.json'))) continue
      expect((await init(options())).root.equals(root)).toBe(true)
    }
  })

  test.each([
    [['root']],
    [['timestamp', 'snapshot']],
    [['targets', 'channel-web']],
    [['root', 'targets', 'snapshot', 'timestamp', 'channel-web']],
  ] as const)(
    'a rotation of %s: no client, old or new, ever meets a gap, and repeating completes it',
    async (roles) => {
      await world.publish(1)
      await numberOf('old')
      for (let nth = 1; ; nth++) {
        const before = roles.map((role) => world.keyring.publicKey(role).keyId)
        const done = await survives(nth, (killed) => rotateRoot({ ...killed, roles }))
        expect(await numberOf('old')).toBe(nth)
        expect(await numberOf(`new-${nth}`)).toBe(nth)
        if (!done) await rotateRoot({ ...options(), roles })
        for (const role of roles) expect(world.keyring.nextKey(role)).toBeUndefined()
        const after = roles.map((role) => world.keyring.publicKey(role).keyId)
        expect(after.some((key) => before.includes(key))).toBe(false)
        await world.publish(nth + 1)
        expect(await numberOf('old')).toBe(nth + 1)
        expect(await numberOf(`after-${nth}`)).toBe(nth + 1)
        if (done) break
      }
    },
  )

  test('a rotation cut off after its root file is ended by the next publish', async () => {
    const old = world.keyring.publicKey('root').keyId
    // targets, snapshot, timestamp, root
    expect(await survives(4, (killed) => rotateRoot(killed))).toBe(false)
    expect(world.keyring.nextKey('root')).toBeDefined()
    await world.publish(1)
    expect(world.keyring.nextKey('root')).toBeUndefined()
    expect(world.keyring.publicKey('root').keyId).not.toBe(old)
    expect(await numberOf('new')).toBe(1)
  })

  test('other operations', async () => {
    await world.publish(1)
    for (let nth = 1; ; nth++) {
      const channel = `c${nth}`
      const done = await survives(nth, (killed) => addChannel({ ...killed, channel }))
      expect(await numberOf('old')).toBe(1)
      await refreshTrust(options())
      expect(await numberOf(`new-${nth}`)).toBe(1)
      if (done) break
    }
  })

  test('no file but the timestamp is ever replaced', async () => {
    const seen = new Map<string, string>()
    for (let nth = 1; nth < 5; nth++) {
      await survives(nth, (killed) => publishStatement({ ...killed, statement: world.statement(nth * 2) }))
      await survives(nth, (killed) => rotateRoot({ ...killed, roles: ['snapshot'] }))
      for (const name of readdirSync(join(world.site, 'trust'))) {
        if (name === 'timestamp.json') continue
        const digest = digestOf(readFileSync(join(world.site, 'trust', name)))
        expect(seen.get(name) ?? digest).toBe(digest)
        seen.set(name, digest)
      }
    }
    expect(seen.size).toBeGreaterThan(10)
  })
})

describe('publishing refuses', () => {
  test('a number that is not higher', async () => {
    await world.publish(5)
    for (const number of [1, 4, 5]) await expect(world.publish(number)).rejects.toEqual(code('STATEMENT_NOT_FORWARD'))
    await world.publish(6)
  })

  test('a statement that names what is not there, before it writes anything', async () => {
    const before = readdirSync(join(world.site, 'trust'))
    const image = digestOf('never published')
    await expect(world.publish(1, { current: { image, packs: [] } })).rejects.toEqual(code('STATEMENT_OBJECT_MISSING'))
    const pack = { index: putObject(world.site, 'i'), indexSize: 1, pack: putObject(world.site, 'pack'), size: 4 }
    for (const wrong of [{ size: 5 }, { indexSize: 2 }]) {
      const current = { image: putObject(world.site, 'image'), packs: [{ ...pack, ...wrong }] }
      await expect(world.publish(1, { current })).rejects.toEqual(code('STATEMENT_OBJECT_MISSING'))
    }
    expect(readdirSync(join(world.site, 'trust'))).toEqual(before)
    expect(existsSync(join(world.site, 'channels'))).toBe(false)
  })

  test('a statement that clients would refuse', async () => {
    await expect(world.publish(0)).rejects.toEqual(code('STATEMENT_MALFORMED'))
    await expect(world.publish(1, { expires: '2026-11-21T05:00:00Z' })).rejects.toEqual(code('METADATA_EXPIRED'))
    await expect(world.publish(1, { channel: 'nope' })).rejects.toEqual(code('CHANNEL_UNKNOWN'))
    await expect(world.publish(1, { channel: '../x' })).rejects.toEqual(code('CHANNEL_UNKNOWN'))
  })

  test('a site whose files somebody else has put there', async () => {
    await using other = await makeWorld()
    const statement = world.statement(1)
    const planted = { ...signedOf(world.site, 'trust/1.root.json'), version: 2 }
    writeFileSync(join(world.site, 'trust/2.root.json'), forge(other.keyring, 'root', planted))
    await expect(publishStatement({ ...options(), statement })).rejects.toEqual(code('METADATA_UNSIGNED'))
    for (const name of readdirSync(join(other.site, 'trust')))
      writeFileSync(join(world.site, 'trust', name), readFileSync(join(other.site, 'trust', name)))
    rmSync(join(world.site, 'trust/2.root.json'))
    await expect(publishStatement({ ...options(), statement })).rejects.toEqual(code('METADATA_UNSIGNED'))
  })

  test('a root file of somebody else that names our own keys for all roles but the root', async () => {
    await using other = await makeWorld()
    const { keyId, key } = other.keyring.publicKey('root')
    const signed = signedOf(world.site, 'trust/1.root.json')
    const planted = {
      ...signed,
      version: 2,
      keys: { ...Object(signed['keys']), [keyId]: key },
      roles: { ...Object(signed['roles']), root: { keyids: [keyId], threshold: 1 } },
    }
    writeFileSync(join(world.site, 'trust/2.root.json'), forge(other.keyring, 'root', planted))
    await expect(world.publish(1)).rejects.toEqual(code('METADATA_UNSIGNED'))
    // A keyring from before it kept the root file it published.
    rmSync(join(world.keyring.directory, 'root.json'))
    await expect(world.publish(1)).rejects.toThrow('own root key')
  })

  test('keys that the site does not name, before it writes anything', async () => {
    const stranger = await createKeyring(join(world.directory, 'other-keys'), { now: world.clock.now })
    const keys = (name: string) => join(stranger.directory, name)
    for (const role of ['root', 'targets', 'snapshot'])
      writeFileSync(keys(`${role}.pem`), readFileSync(join(world.keyring.directory, `${role}.pem`)))
    const before = readdirSync(join(world.site, 'trust'))
    await expect(refreshTrust({ ...options(), keyring: stranger })).rejects.toEqual(code('METADATA_UNSIGNED'))
    expect(readdirSync(join(world.site, 'trust'))).toEqual(before)
  })

  test('a second publisher at the same time', async () => {
    const statement = world.statement(1)
    const two = await Promise.allSettled([publishStatement({ ...options(), statement }), refreshTrust(options())])
    expect(two.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(two.find((one) => one.status === 'rejected')).toEqual({ status: 'rejected', reason: code('TRUST_BUSY') })
    await refreshTrust(options())
  })

  test('a second init, and a second channel of one name', async () => {
    await expect(initTrust({ ...options(), channels: [] })).rejects.toEqual(code('TRUST_EXISTS'))
    await expect(addChannel({ ...options(), channel: 'web' })).rejects.toEqual(code('CHANNEL_EXISTS'))
  })

  test('a site without trust metadata', async () => {
    const site = join(world.directory, 'empty')
    mkdirSync(site)
    await expect(refreshTrust({ ...options(), site })).rejects.toEqual(code('METADATA_MISSING'))
  })
})

test('the published statement is read back', async () => {
  const { site, keyring } = world
  expect(await publishedStatement({ site, keyring, channel: 'web' })).toBeUndefined()
  await world.publish(3)
  expect(await publishedStatement({ site, keyring, channel: 'web' })).toEqual(world.statement(3))
  await expect(publishedStatement({ site, keyring, channel: 'db' })).rejects.toEqual(code('CHANNEL_UNKNOWN'))
})

test('a site on which everything has expired is revived by a refresh', async () => {
  await world.publish(1)
  later(world.clock, 2 * ROLE_LIFETIMES.root)
  await refreshTrust(options())
  expect(await numberOf('fresh')).toBe(2)
})

test('lifetimes can be given', async () => {
  await refreshTrust({ ...options(), expires: { timestamp: 60 } })
  expect(signedOf(world.site, 'trust/timestamp.json')['expires']).toBe('2026-11-21T06:01:00Z')
})

test('a client that starts from any root file of the site, at a base of its own', async () => {
  await world.publish(1)
  await rotateRoot(options())
  const now = () => world.clock.now
  for (const version of [1, 2]) {
    const initialRoot = readFileSync(join(world.site, `trust/${version}.root.json`))
    const directory = join(world.directory, `from-${version}`)
    const client = openTrustClient({ directory, initialRoot, fetch: siteFetch(world.site), now })
    expect((await client.refresh('web')).statement.number).toBe(1)
  }
})

describe('judged by @tufjs/models', () => {
  test('it parses and verifies every file we write, through rotations', async () => {
    await world.publish(1)
    await addChannel({ ...options(), channel: 'db' })
    await rotateRoot({ ...options(), roles: ['root', 'timestamp', 'channel-web'] })
    await world.publish(2)
    const trust = join(world.site, 'trust')
    const json = (name: string) => JSON.parse(readFileSync(join(trust, name), 'utf8'))
    const first = Metadata.fromJSON(MetadataKind.Root, json('1.root.json'))
    const root = Metadata.fromJSON(MetadataKind.Root, json('2.root.json'))
    expect(() => first.verifyDelegate('root', first)).not.toThrow()
    expect(() => first.verifyDelegate('root', root)).not.toThrow()
    expect(() => root.verifyDelegate('root', root)).not.toThrow()
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, json('timestamp.json'))
    root.verifyDelegate('timestamp', timestamp)
    const snapshotBytes = readFileSync(join(trust, `${timestamp.signed.snapshotMeta.version}.snapshot.json`))
    timestamp.signed.snapshotMeta.verify(snapshotBytes)
    const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, JSON.parse(snapshotBytes.toString()))
    root.verifyDelegate('snapshot', snapshot)
    const meta = (role: string) => {
      const file = snapshot.signed.meta[`${role}.json`]
      if (file === undefined) throw new Error(`no ${role}`)
      const bytes = readFileSync(join(trust, `${file.version}.${role}.json`))
      file.verify(bytes)
      return Metadata.fromJSON(MetadataKind.Targets, JSON.parse(bytes.toString()))
    }
    const targets = meta('targets')
    root.verifyDelegate('targets', targets)
    for (const channel of ['web', 'db']) {
      const role = meta(`channel-${channel}`)
      targets.verifyDelegate(`channel-${channel}`, role)
      expect([...(targets.signed.delegations?.rolesForTarget(`channels/${channel}.json`) ?? [])]).toEqual([
        { role: `channel-${channel}`, terminating: true },
      ])
    }
    const target = meta('channel-web').signed.targets['channels/web.json']
    expect(target?.length).toBe(canonicalJson(world.statement(2)).length)
    // It can refuse, too.
    const written = json('timestamp.json')
    const altered = { ...written, signed: { ...written.signed, version: 99 } }
    expect(() => root.verifyDelegate('timestamp', Metadata.fromJSON(MetadataKind.Timestamp, altered))).toThrow(
      'timestamp was signed by 0/1 keys',
    )
  })

  test('law: our canonical JSON is OLPC canonical JSON, but for control characters, which metadata have none of', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((some) => !/\p{Cc}/u.test(some))
    const value = fc.letrec((tie) => ({
      value: fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    })).value
    fc.assert(fc.property(value, (some) => canonicalJson(documentWith(some)) === canonicalByModels(documentWith(some))))
  })

  const documentWith = (x: unknown) => ({ ...signedOf(world.site, 'trust/timestamp.json'), x })

  /** What @tufjs/models would sign. */
  function canonicalByModels(signed: ReturnType<typeof documentWith>): string {
    let bytes: Buffer = Buffer.alloc(0)
    Metadata.fromJSON(MetadataKind.Timestamp, JSON.parse(JSON.stringify({ signed, signatures: [] }))).sign((data) => {
      bytes = data
      return new Signature({ keyID: '00', sig: '00' })
    })
    return bytes.toString()
  }
})
