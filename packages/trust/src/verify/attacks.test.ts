import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { refreshTrust, rotateRoot } from '../index.ts'
import { MAX_ROOT_ROTATIONS, ROOT_BYTES, ROLE_LIFETIMES, TIMESTAMP_BYTES } from '../limits.ts'
import { channelDocument } from '../publish/documents.ts'
import { forge, looseKey, metaFor, signAs, signedOf } from '../testing/forge.ts'
import { later, makeWorld, type World } from '../testing/world.ts'

/* One group per attack of the TUF specification's list (1.0 §1.5.2) and ours. Each ends by showing that an honest mirror still works. */

let world: World
beforeEach(async () => {
  world = await makeWorld(['web', 'db'])
  await world.publish(1)
})
afterEach(() => world[Symbol.asyncDispose]())

const code = (expected: string) => expect.objectContaining({ code: expected })
const siteFile = (path: string) => readFileSync(join(world.site, path))
const timestampFile = 'trust/timestamp.json'

/** The site's own version of a role. */
function versionOf(role: string): number {
  const snapshotMeta = timestampMeta()['snapshot.json']
  if (role === 'snapshot') return snapshotMeta.version
  const meta = signedOf(world.site, `trust/${snapshotMeta.version}.snapshot.json`)['meta']
  return metaVersion(meta, `${role}.json`)
}

function timestampMeta(): { 'snapshot.json': { version: number } } {
  return { 'snapshot.json': { version: metaVersion(signedOf(world.site, timestampFile)['meta'], 'snapshot.json') } }
}

function metaVersion(meta: unknown, file: string): number {
  const found =
    typeof meta === 'object' && meta !== null ? Object.entries(meta).find(([name]) => name === file)?.[1] : undefined
  return found.version
}

/** Serves metadata above a forged channel role, signed with stolen snapshot and timestamp keys. */
function serveAbove(changes: Readonly<Record<string, { bytes: Buffer; version: number } | null>>, version = 900): void {
  const current = signedOf(world.site, `trust/${versionOf('snapshot')}.snapshot.json`)
  const meta = Object.fromEntries(Object.entries(Object(current['meta'])))
  for (const [role, change] of Object.entries(changes)) {
    delete meta[`${role}.json`]
    if (change === null) continue
    meta[`${role}.json`] = metaFor(change.bytes, change.version)
    world.mirror.set(`trust/${change.version}.${role}.json`, change.bytes)
  }
  const snapshot = forge(world.keyring, 'snapshot', { ...current, version, meta })
  world.mirror.set(`trust/${version}.snapshot.json`, snapshot)
  serveTimestamp({ 'snapshot.json': metaFor(snapshot, version) })
}

function serveTimestamp(meta: unknown, version = 900): void {
  world.mirror.set(
    timestampFile,
    forge(world.keyring, 'timestamp', { ...signedOf(world.site, timestampFile), version, meta }),
  )
}

function serveStatement(number: number, version: number, more = {}): void {
  const bytes = Buffer.from(canonicalJson(world.statement(number, more)))
  const { hashes, length } = metaFor(bytes, 1)
  const document = channelDocument({ version, expires: '2027-01-01T00:00:00Z' }, 'web', {
    length,
    sha256: hashes.sha256,
  })
  world.mirror.set(`channels/${hashes.sha256}.web.json`, bytes)
  serveAbove({ 'channel-web': { bytes: forge(world.keyring, 'channel-web', document), version } })
}

/** With the mirror gone, the site's own next statement arrives. */
async function honestAgain(client: ReturnType<World['client']>, number = 50): Promise<void> {
  world.mirror.clear()
  await world.publish(number)
  expect((await client.refresh('web')).statement.number).toBe(number)
}

/** After timestamp and snapshot keys were stolen and used: their rotation brings every client back (5.3.11). */
async function recovered(client: ReturnType<World['client']>): Promise<void> {
  world.mirror.clear()
  await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
  await rotateRoot({ site: world.site, keyring: world.keyring, now: world.clock.now, roles: ['timestamp', 'snapshot'] })
  await honestAgain(client)
}

describe('arbitrary software', () => {
  test('a statement that was altered', async () => {
    const client = world.client()
    const name = readdirSync(join(world.site, 'channels'))[0] ?? ''
    const altered = Buffer.from(siteFile(`channels/${name}`).toString().replace('patch day', 'patch dax'))
    world.mirror.set(`channels/${name}`, altered)
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_MISMATCH'))
    await honestAgain(client)
  })

  test.each(['timestamp', 'snapshot', 'targets', 'channel-web'])(
    'a %s file whose content was altered',
    async (role) => {
      const client = world.client()
      const path = role === 'timestamp' ? timestampFile : `trust/${versionOf(role)}.${role}.json`
      world.mirror.set(path, Buffer.from(siteFile(path).toString().replace('"expires":"2', '"expires":"3')))
      await expect(client.refresh('web')).rejects.toEqual(
        code(role === 'timestamp' ? 'METADATA_UNSIGNED' : 'METADATA_MISMATCH'),
      )
      await honestAgain(client)
    },
  )
})

describe('wrong keys', () => {
  test('a whole site of somebody else', async () => {
    await using other = await makeWorld()
    await other.publish(9)
    for (const directory of ['trust', 'channels'])
      for (const name of readdirSync(join(other.site, directory)))
        world.mirror.set(`${directory}/${name}`, readFileSync(join(other.site, directory, name)))
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    await honestAgain(world.client())
  })

  test('the key of one channel cannot speak for another', async () => {
    const client = world.client()
    const bytes = forge(world.keyring, 'channel-db', {
      ...signedOf(world.site, `trust/${versionOf('channel-web')}.channel-web.json`),
      version: 77,
    })
    serveAbove({ 'channel-web': { bytes, version: 77 } })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    await recovered(client)
  })

  test('a statement of another channel, under this channel’s name', async () => {
    const client = world.client()
    serveStatement(3, 77, { channel: 'db' })
    await expect(client.refresh('web')).rejects.toEqual(code('STATEMENT_MALFORMED'))
    await recovered(client)
  })

  test('each role’s key signs for that role alone', async () => {
    world.mirror.set(timestampFile, forge(world.keyring, 'snapshot', signedOf(world.site, timestampFile)))
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
  })

  test('one role’s file cannot pass as another’s', async () => {
    world.mirror.set(timestampFile, siteFile(`trust/${versionOf('snapshot')}.snapshot.json`))
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_MALFORMED'))
  })
})

describe('rollback', () => {
  test('timestamp: an old one is replayed (5.4.3.1)', async () => {
    const client = world.client()
    const old = siteFile(timestampFile)
    await world.publish(2)
    await client.refresh('web')
    world.mirror.set(timestampFile, old)
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
    await honestAgain(client)
  })

  test('snapshot: a stolen timestamp key names an old one (5.4.3.2)', async () => {
    const client = world.client()
    const version = versionOf('snapshot')
    const old = siteFile(`trust/${version}.snapshot.json`)
    await world.publish(2)
    await client.refresh('web')
    serveTimestamp({ 'snapshot.json': metaFor(old, version) })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
    await honestAgain(client)
  })

  test('targets: stolen timestamp and snapshot keys name an old channel role (5.5.5)', async () => {
    const client = world.client()
    const version = versionOf('channel-web')
    const old = siteFile(`trust/${version}.channel-web.json`)
    await world.publish(2)
    await client.refresh('web')
    serveAbove({ 'channel-web': { bytes: old, version } })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
  })

  test('targets: stolen timestamp and snapshot keys leave a role out (5.5.5)', async () => {
    const client = world.client()
    await client.refresh('web')
    serveAbove({ 'channel-db': null })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
  })

  test('statement: stolen channel, snapshot and timestamp keys sign a lower number', async () => {
    const client = world.client()
    await world.publish(5)
    await client.refresh('web')
    serveStatement(4, 77)
    await expect(client.refresh('web')).rejects.toEqual(code('STATEMENT_ROLLBACK'))
  })

  test('statement: the same number says something else', async () => {
    const client = world.client()
    await world.publish(5)
    await client.refresh('web')
    serveStatement(5, 77, { reason: 'something else' })
    await expect(client.refresh('web')).rejects.toEqual(code('STATEMENT_ROLLBACK'))
  })

  test('statement: a rotation makes versions start anew, never numbers', async () => {
    const client = world.client()
    await world.publish(5)
    await client.refresh('web')
    await rotateRoot({
      site: world.site,
      keyring: world.keyring,
      now: world.clock.now,
      roles: ['timestamp', 'snapshot'],
    })
    serveStatement(4, 77)
    await expect(client.refresh('web')).rejects.toEqual(code('STATEMENT_ROLLBACK'))
  })
})

describe('freeze', () => {
  const options = () => ({ site: world.site, keyring: world.keyring, now: world.clock.now })

  test('a timestamp that is held back is noticed once it has expired (5.4.4), also by a client that knows it', async () => {
    const client = world.client()
    await client.refresh('web')
    later(world.clock, ROLE_LIFETIMES.timestamp - 1)
    await client.refresh('web')
    later(world.clock, 1)
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
    await expect(world.client('fresh').refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
    await refreshTrust(options())
    expect((await client.refresh('web')).changed).toBe(false)
  })

  test('snapshot (5.5.6): refreshing renews it in time', async () => {
    const client = world.client()
    await client.refresh('web')
    const snapshot = versionOf('snapshot')
    later(world.clock, ROLE_LIFETIMES.snapshot / 2 + 1)
    await refreshTrust(options())
    expect(versionOf('snapshot')).toBe(snapshot + 1)
    serveTimestamp(signedOf(world.site, timestampFile)['meta'])
    const expired = forge(world.keyring, 'snapshot', {
      ...signedOf(world.site, `trust/${snapshot}.snapshot.json`),
      version: 901,
      expires: '2026-11-22T00:00:00Z',
    })
    world.mirror.set('trust/901.snapshot.json', expired)
    serveTimestamp({ 'snapshot.json': metaFor(expired, 901) })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
    await recovered(client)
  })

  test.each(['targets', 'channel-web'] as const)('%s (5.6.5)', async (role) => {
    const signed = {
      ...signedOf(world.site, `trust/${versionOf(role)}.${role}.json`),
      version: 77,
      expires: '2026-11-21T05:59:59Z',
    }
    serveAbove({ [role]: { bytes: forge(world.keyring, role, signed), version: 77 } })
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
  })

  test('statement', async () => {
    serveStatement(2, 77, { expires: '2026-11-21T06:00:00Z' })
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
  })

  test('root (5.3.10): only the last of the chain must be fresh', async () => {
    const client = world.client()
    await client.refresh('web')
    later(world.clock, ROLE_LIFETIMES.root - 86_400)
    await rotateRoot({ ...options(), roles: [] })
    later(world.clock, 2 * 86_400)
    await refreshTrust(options())
    expect((await client.refresh('web')).statement.number).toBe(2)
    expect((await world.client('fresh').refresh('web')).statement.number).toBe(2)
    world.mirror.set('trust/2.root.json', null)
    await expect(world.client('held-back').refresh('web')).rejects.toEqual(code('METADATA_EXPIRED'))
  })
})

test('freeze: a root that expires under an unchanged timestamp (5.3.10)', async () => {
  const options = () => ({ site: world.site, keyring: world.keyring, now: world.clock.now })
  later(world.clock, ROLE_LIFETIMES.root - 86_400)
  // Kept elsewhere, by somebody who is late.
  rmSync(join(world.keyring.directory, 'root.pem'))
  await refreshTrust(options())
  const client = world.client()
  await client.refresh('web')
  later(world.clock, 86_400)
  await expect(client.refresh('web')).rejects.toThrow('trust/1.root.json expired')
})

describe('endless data', () => {
  test('nothing is asked for without a limit, and what is longer is refused', async () => {
    await world.client().refresh('web')
    const { length } = siteFile(`trust/${versionOf('targets')}.targets.json`)
    const allowed = Object.fromEntries(world.asked.map(({ path, maxBytes }) => [path, maxBytes]))
    expect(allowed[timestampFile]).toBe(TIMESTAMP_BYTES)
    expect(allowed['trust/2.root.json']).toBe(ROOT_BYTES)
    expect(allowed[`trust/${versionOf('targets')}.targets.json`]).toBe(length)
    for (const { path, maxBytes } of world.asked.slice()) {
      world.mirror.set(path, Buffer.alloc(maxBytes + 1, ' '))
      await expect(world.client(path.replaceAll('/', '-')).refresh('web')).rejects.toEqual(code('METADATA_TOO_LARGE'))
      world.mirror.clear()
    }
  })

  test('a chain of root files without end', async () => {
    const [first = 'trust/1.root.json'] = readdirSync(join(world.site, 'trust')).filter(
      (name) => name === '1.root.json',
    )
    const signed = signedOf(world.site, `trust/${first}`)
    for (let version = 2; version <= MAX_ROOT_ROTATIONS + 2; version++)
      world.mirror.set(`trust/${version}.root.json`, forge(world.keyring, 'root', { ...signed, version }))
    const client = world.client()
    await expect(client.refresh('web')).rejects.toEqual(code('ROOT_CHAIN_TOO_LONG'))
  })

  test('JSON as deep as the limit allows', async () => {
    const half = TIMESTAMP_BYTES / 2 - 40
    const deep = `{"signatures":[],"signed":{"_type":"timestamp","x":${'['.repeat(half)}${']'.repeat(half)}}}`
    world.mirror.set(timestampFile, Buffer.from(deep))
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_MALFORMED'))
  })
})

describe('mix and match', () => {
  test('each file of one time under the name of another', async () => {
    const before = { snapshot: versionOf('snapshot'), 'channel-web': versionOf('channel-web') }
    await world.publish(2)
    for (const role of ['snapshot', 'channel-web'] as const) {
      world.mirror.set(`trust/${versionOf(role)}.${role}.json`, siteFile(`trust/${before[role]}.${role}.json`))
      await expect(world.client(`mixed-${role}`).refresh('web')).rejects.toEqual(code('METADATA_MISMATCH'))
      world.mirror.clear()
    }
  })

  test('a file whose version is not the one named above it (5.5.4), where no hash is named', async () => {
    const version = versionOf('snapshot')
    world.mirror.set(`trust/${version + 1}.snapshot.json`, siteFile(`trust/${version}.snapshot.json`))
    serveTimestamp({ 'snapshot.json': { version: version + 1 } })
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_MISMATCH'))
  })
})

describe('truncated or missing', () => {
  test('every file, cut anywhere or absent, ends in an error; the honest site then works with the same cache', async () => {
    await world.client('probe').refresh('web')
    const client = world.client()
    for (const { path } of world.asked.filter((asked) => !asked.path.endsWith('.root.json')).slice(0, 12)) {
      const whole = siteFile(path)
      for (const length of [0, 1, Math.floor(whole.length / 2), whole.length - 1]) {
        world.mirror.set(path, whole.subarray(0, length))
        await expect(client.refresh('web')).rejects.toEqual(
          expect.objectContaining({ code: expect.stringMatching(/^METADATA_(MALFORMED|MISMATCH)$/) }),
        )
      }
      world.mirror.set(path, null)
      await expect(client.refresh('web')).rejects.toEqual(code('METADATA_MISSING'))
      world.mirror.clear()
    }
    await honestAgain(client)
  })
})

describe('threshold', () => {
  /** Root version 2, signed by the site's root key: the timestamp role needs two of two keys. */
  function serveTwoKeyRoot(more: (key: ReturnType<typeof looseKey>) => { keys: object; keyids: string[] }) {
    const key = looseKey()
    const signed = signedOf(world.site, 'trust/1.root.json')
    const { keys, keyids } = more(key)
    const own = world.keyring.publicKey('timestamp').keyId
    world.mirror.set(
      'trust/2.root.json',
      forge(world.keyring, 'root', {
        ...signed,
        version: 2,
        keys: { ...Object(signed['keys']), ...keys },
        roles: { ...Object(signed['roles']), timestamp: { keyids: [own, ...keyids], threshold: 2 } },
      }),
    )
    return { key, own }
  }

  function serveSignatures(sign: (signed: Readonly<Record<string, unknown>>) => readonly object[]) {
    const signed = { ...signedOf(world.site, timestampFile), version: 5 }
    world.mirror.set(timestampFile, Buffer.from(canonicalJson({ signed, signatures: sign(signed) })))
  }

  const ownSignature = (signed: object) => signAs(world.keyring, 'timestamp', { ...signed })

  test('two of two keys pass, one of two does not', async () => {
    const { key } = serveTwoKeyRoot((of) => ({ keys: { [of.keyId]: of.key }, keyids: [of.keyId] }))
    serveSignatures((signed) => ownSignature(signed))
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    serveSignatures((signed) => [...ownSignature(signed), key.sign(signed)])
    expect((await world.client().refresh('web')).statement.number).toBe(1)
  })

  test('one signature twice is one', async () => {
    serveTwoKeyRoot((of) => ({ keys: { [of.keyId]: of.key }, keyids: [of.keyId] }))
    serveSignatures((signed) => [...ownSignature(signed), ...ownSignature(signed)])
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_MALFORMED'))
  })

  test('one key under two ids is one', async () => {
    const alias = 'f'.repeat(64)
    serveTwoKeyRoot(() => ({ keys: { [alias]: world.keyring.publicKey('timestamp').key }, keyids: [alias] }))
    serveSignatures((signed) =>
      ownSignature(signed).flatMap((signature) => [signature, { ...signature, keyid: alias }]),
    )
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
  })

  test('a good signature of a key that the role does not name counts for nothing', async () => {
    const { key } = serveTwoKeyRoot((of) => ({ keys: { [of.keyId]: of.key }, keyids: [] }))
    serveSignatures((signed) => [...ownSignature(signed), key.sign(signed)])
    await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
  })
})

describe('key compromise', () => {
  const options = () => ({ site: world.site, keyring: world.keyring, now: world.clock.now })

  test('a stolen timestamp key is worth nothing after its rotation, and the versions it pushed forward are forgotten (5.3.11)', async () => {
    const client = world.client()
    await client.refresh('web')
    const meta = signedOf(world.site, timestampFile)['meta']
    serveTimestamp(meta, 1_000_000)
    await client.refresh('web')
    const stolen = world.mirror.get(timestampFile) ?? Buffer.alloc(0)
    world.mirror.clear()
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
    await rotateRoot({ ...options(), roles: ['timestamp'] })
    await world.publish(2)
    expect((await client.refresh('web')).statement.number).toBe(2)
    world.mirror.set(timestampFile, stolen)
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
  })

  test.each([['timestamp'], ['snapshot']] as const)(
    'versions that thieves pushed forward are forgotten when the %s key alone is rotated (5.3.11)',
    async (role) => {
      const client = world.client()
      const signed = signedOf(world.site, `trust/${versionOf('channel-web')}.channel-web.json`)
      serveAbove({
        'channel-web': { bytes: forge(world.keyring, 'channel-web', { ...signed, version: 77 }), version: 77 },
      })
      await client.refresh('web')
      world.mirror.clear()
      await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
      await rotateRoot({ ...options(), roles: [role] })
      await honestAgain(client)
    },
  )

  test('a stolen channel key is worth nothing after its rotation', async () => {
    const client = world.client()
    await client.refresh('web')
    const document = channelDocument({ version: 77, expires: '2027-01-01T00:00:00Z' }, 'web', undefined)
    const stolen = forge(world.keyring, 'channel-web', document)
    await rotateRoot({ ...options(), roles: ['channel-web'] })
    expect((await client.refresh('web')).changed).toBe(false)
    serveAbove({ 'channel-web': { bytes: stolen, version: 77 } })
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    await recovered(client)
  })

  test('a new root that the old key did not sign (5.3.4)', async () => {
    const key = looseKey()
    const signed = signedOf(world.site, 'trust/1.root.json')
    const next = {
      ...signed,
      version: 2,
      keys: { ...Object(signed['keys']), [key.keyId]: key.key },
      roles: { ...Object(signed['roles']), root: { keyids: [key.keyId], threshold: 1 } },
    }
    world.mirror.set('trust/2.root.json', Buffer.from(canonicalJson({ signed: next, signatures: [key.sign(next)] })))
    const client = world.client()
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    world.mirror.set('trust/2.root.json', forge(world.keyring, 'root', next))
    await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
    await honestAgain(client)
  })

  test('a new root of another version than its name says (5.3.5)', async () => {
    const signed = signedOf(world.site, 'trust/1.root.json')
    for (const version of [1, 3]) {
      world.mirror.set('trust/2.root.json', forge(world.keyring, 'root', { ...signed, version }))
      await expect(world.client().refresh('web')).rejects.toEqual(code('METADATA_MISMATCH'))
    }
  })

  test('clients that slept through several rotations of every key catch up', async () => {
    const client = world.client()
    await client.refresh('web')
    for (let round = 0; round < 3; round++)
      await rotateRoot({ ...options(), roles: ['root', 'targets', 'snapshot', 'timestamp', 'channel-web'] })
    await world.publish(2)
    expect((await client.refresh('web')).statement.number).toBe(2)
    expect((await world.client('new').refresh('web')).statement.number).toBe(2)
  })
})

describe('the cache', () => {
  test('an unchanged timestamp is all that is fetched, and nothing is written', async () => {
    const client = world.client()
    await client.refresh('web')
    const before = cacheState()
    world.asked.length = 0
    const { changed, statement } = await client.refresh('web')
    expect([changed, statement.number]).toEqual([false, 1])
    expect(world.asked.map(({ path }) => path)).toEqual([timestampFile])
    expect(cacheState()).toEqual(before)
  })

  test('a new timestamp with nothing new below it costs two requests', async () => {
    const client = world.client()
    await client.refresh('web')
    await refreshTrust({ site: world.site, keyring: world.keyring, now: world.clock.now })
    world.asked.length = 0
    expect((await client.refresh('web')).changed).toBe(false)
    expect(world.asked.map(({ path }) => path)).toEqual([timestampFile, 'trust/2.root.json'])
  })

  test('bit rot in any of its files heals', async () => {
    const client = world.client()
    await client.refresh('web')
    const cache = join(world.directory, 'cache')
    for (const name of readdirSync(cache)) {
      for (const damage of [Buffer.alloc(0), Buffer.from('{'), Buffer.alloc(100_000_000 / 1000, 0xff)]) {
        const whole = readFileSync(join(cache, name))
        writeFileSync(join(cache, name), damage)
        expect((await client.refresh('web')).statement.number).toBe(1)
        expect(readFileSync(join(cache, name)).equals(name === 'root.json' ? damage : whole)).toBe(true)
        writeFileSync(join(cache, name), whole)
      }
    }
  })

  test('a directory in the place of one of its files heals', async () => {
    const client = world.client()
    await client.refresh('web')
    const cache = join(world.directory, 'cache')
    for (const name of readdirSync(cache)) {
      rmSync(join(cache, name))
      mkdirSync(join(cache, name, 'deep'), { recursive: true })
      expect((await client.refresh('web')).statement.number).toBe(1)
    }
    await honestAgain(client)
  })

  test('changed is told once, per channel', async () => {
    const client = world.client()
    expect((await client.refresh('web')).changed).toBe(true)
    await world.publish(1, { channel: 'db' })
    expect((await client.refresh('db')).changed).toBe(true)
    expect((await client.refresh('web')).changed).toBe(false)
    await world.publish(2)
    expect((await client.refresh('web')).changed).toBe(true)
    expect((await client.refresh('web')).changed).toBe(false)
  })

  test('a channel that is unknown, unnamed or has no statement', async () => {
    const client = world.client()
    await expect(client.refresh('nope')).rejects.toEqual(code('CHANNEL_UNKNOWN'))
    await expect(client.refresh('../../etc')).rejects.toEqual(code('CHANNEL_UNKNOWN'))
    await expect(client.refresh('db')).rejects.toEqual(code('STATEMENT_MISSING'))
  })

  function cacheState() {
    const cache = join(world.directory, 'cache')
    return readdirSync(cache).map((name) => [name, readFileSync(join(cache, name)).toString('base64')])
  }
})
