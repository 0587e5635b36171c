import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createHolderKey, prepareChange, publishPrepared, readPublicKey, rotateRoot, signPrepared } from '../index.ts'
import type { Signature } from '../keyring.ts'
import { channelDocument, oneSigner, targetsDocument } from '../publish/documents.ts'
import type { RoleName } from '../roles.ts'
import { looseKey, metaFor, signAs, signedOf } from '../testing/forge.ts'
import { makeWorld, type World } from '../testing/world.ts'

/*
 * The attacks that the TUF specification lists (1.0 §1.5.2), each with the tests that show it fail. What is not in attacks.test.ts is here: a thief
 * with one role's key, and versions pushed as far as they go.
 */

const ATTACKS = 'verify/attacks.test.ts'
const HERE = 'verify/attack-classes.test.ts'
const CASES = 'conformance/targets.test.ts'

describe('every class of the specification has its tests', () => {
  test.each<[string, string, readonly string[]]>([
    ['arbitrary software', ATTACKS, ['a statement that was altered', 'a whole site of somebody else']],
    ['endless data', ATTACKS, ['nothing is asked for without a limit', 'a chain of root files without end']],
    ['fast-forward', HERE, ['versions as high as they go']],
    [
      'indefinite freeze',
      ATTACKS,
      ['a timestamp that is held back is noticed', 'freeze: a root that expires under an unchanged'],
    ],
    [
      'malicious mirrors',
      ATTACKS,
      ['every file, cut anywhere or absent, ends in an error; the honest site then works'],
    ],
    ['mix-and-match', ATTACKS, ['each file of one time under the name of another']],
    ['rollback', ATTACKS, ['timestamp: an old one', 'snapshot: a stolen', 'targets: stolen', 'statement: stolen']],
    ['key compromise', HERE, ['with the %s key alone a thief installs nothing', 'with one root key of two']],
    ['wrong software', ATTACKS, ['a statement of another channel', 'the key of one channel cannot speak for another']],
    ['wrong software, of any repository', CASES, ['repository_substitutes_target_file', 'targetfile_search']],
    // Extraneous dependencies: what a node installs is one image, named by one digest; nothing is resolved on the node.
  ])('%s: %s', (_, file, names) => {
    const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8')
    for (const name of names) expect(text.split(/['"`]/).some((piece) => piece.startsWith(name))).toBe(true)
  })
})

let world: World
const code = (expected: string) => expect.objectContaining({ code: expected })
const options = () => ({ site: world.site, keyring: world.keyring, now: world.clock.now })
const EXPIRES = '2027-01-01T00:00:00Z'

/** What a thief serves: a statement of theirs and all that leads to it, signed with the stolen keys and, elsewhere, with keys of their own. */
function serveTheft(stolen: readonly RoleName[], version: number): void {
  const own = looseKey()
  const signed = (role: RoleName, document: object) => {
    const signatures: readonly Signature[] = stolen.includes(role)
      ? signAs(world.keyring, role, { ...document })
      : [own.sign({ ...document })]
    return Buffer.from(canonicalJson({ signatures, signed: document }))
  }
  const serve = (path: string, bytes: Buffer) => {
    world.mirror.set(path, bytes)
    return bytes
  }
  const statement = Buffer.from(canonicalJson(world.statement(1000, { reason: 'theft' })))
  const { sha256 } = metaFor(statement, 1).hashes
  serve(`channels/${sha256}.web.json`, statement)
  const common = { version, expires: EXPIRES }
  const channel = signed('channel-web', channelDocument(common, 'web', { length: statement.length, sha256 }))
  serve(`trust/${version}.channel-web.json`, channel)
  // With the channel's key the delegation to it may stay as it is.
  const key = stolen.includes('channel-web') ? world.keyring.publicKey('channel-web').key : own.key
  const targets = signed('targets', targetsDocument(common, new Map([['web', oneSigner(key)]])))
  const keepsTargets = stolen.includes('channel-web') && !stolen.includes('targets')
  if (!keepsTargets) serve(`trust/${version}.targets.json`, targets)
  const present = presentSnapshot()
  const meta = {
    ...Object(present['meta']),
    ...(keepsTargets ? {} : { 'targets.json': metaFor(targets, version) }),
    'channel-web.json': metaFor(channel, version),
  }
  const snapshot = serve(`trust/${version}.snapshot.json`, signed('snapshot', { ...present, ...common, meta }))
  const timestamp = { ...signedOf(world.site, 'trust/timestamp.json'), ...common }
  serve(
    'trust/timestamp.json',
    signed('timestamp', { ...timestamp, meta: { 'snapshot.json': metaFor(snapshot, version) } }),
  )
}

function presentSnapshot() {
  const meta = Object(signedOf(world.site, 'trust/timestamp.json')['meta'])
  return signedOf(world.site, `trust/${meta['snapshot.json'].version}.snapshot.json`)
}

describe('a thief', () => {
  beforeEach(async () => {
    world = await makeWorld()
    await world.publish(1)
  })
  afterEach(() => world[Symbol.asyncDispose]())

  describe('key compromise', () => {
    test.each<[RoleName]>([['timestamp'], ['snapshot'], ['targets'], ['channel-web']])(
      'with the %s key alone a thief installs nothing',
      async (role) => {
        const client = world.client()
        await client.refresh('web')
        serveTheft([role], 900)
        await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
        await expect(world.client('fresh').refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
      },
    )

    test('what it takes: snapshot, timestamp and targets or the channel together; the test above can fail', async () => {
      serveTheft(['timestamp', 'snapshot', 'channel-web'], 900)
      expect((await world.client('a').refresh('web')).statement.reason).toBe('theft')
      world.mirror.clear()
      serveTheft(['timestamp', 'snapshot', 'targets'], 901)
      expect((await world.client('b').refresh('web')).statement.reason).toBe('theft')
    })

    test('with one root key of two a thief names no keys', async () => {
      const file = join(world.directory, 'alice')
      await createHolderKey(file)
      const { key } = await readPublicKey(`${file}.pub`)
      const directory = join(world.directory, 'change')
      await prepareChange({ ...options(), directory, changes: [{ role: 'root', add: [key], threshold: 2 }] })
      await signPrepared(directory, { file })
      await publishPrepared(options(), directory)
      const client = world.client()
      await client.refresh('web')
      const own = looseKey()
      const present = signedOf(world.site, 'trust/2.root.json')
      const document = {
        ...present,
        version: 3,
        keys: { ...Object(present['keys']), [own.keyId]: own.key },
        roles: { ...Object(present['roles']), root: { keyids: [own.keyId], threshold: 1 } },
      }
      const signatures = [...signAs(world.keyring, 'root', document), own.sign(document)]
      world.mirror.set('trust/3.root.json', Buffer.from(canonicalJson({ signatures, signed: document })))
      // The root is asked for when the timestamp is a new one.
      await world.publish(2)
      await expect(client.refresh('web')).rejects.toEqual(code('METADATA_UNSIGNED'))
      world.mirror.clear()
      expect((await client.refresh('web')).statement.number).toBe(2)
    })
  })

  describe('fast-forward', () => {
    test('versions as high as they go: rotating snapshot and timestamp brings every client back (5.3.11)', async () => {
      const client = world.client()
      await client.refresh('web')
      const present = presentSnapshot()
      const version = Number.MAX_SAFE_INTEGER
      const envelope = (role: RoleName, signed: object) =>
        Buffer.from(canonicalJson({ signatures: signAs(world.keyring, role, { ...signed }), signed }))
      const snapshot = envelope('snapshot', { ...present, version })
      world.mirror.set(`trust/${version}.snapshot.json`, snapshot)
      const timestamp = signedOf(world.site, 'trust/timestamp.json')
      const meta = { 'snapshot.json': metaFor(snapshot, version) }
      world.mirror.set('trust/timestamp.json', envelope('timestamp', { ...timestamp, version, meta }))
      await client.refresh('web')
      world.mirror.clear()
      await expect(client.refresh('web')).rejects.toEqual(code('METADATA_ROLLBACK'))
      await rotateRoot({ ...options(), roles: ['timestamp', 'snapshot'] })
      await world.publish(2)
      expect((await client.refresh('web')).statement.number).toBe(2)
    })
  })
})
