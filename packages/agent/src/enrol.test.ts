import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { openKeyring, publishStatement, rotateRoot } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serveSite } from './testing/static-site.ts'
import { makeWorld, type World } from './testing/world.ts'
import { formatEnrolmentToken } from './token.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

/** Of the site's root file of a version. */
function tokenOf(version: number): string {
  const root = digestOf(readFileSync(join(world.site, `trust/${version}.root.json`)))
  return formatEnrolmentToken({ secret: 'a-secret-that-is-good-once', version, root })
}

const motd = () => readFileSync(join(world.root, 'etc/motd'), 'utf8')

describe('a thief who has every key there was, of which all are revoked,', () => {
  let thieves: string

  /** The thief's site, from before the revocation: signed by all that signed then, and newer than what the distribution says. */
  beforeEach(async () => {
    await world.publish(1, await world.image({ 'etc/motd': 'ours' }))
    thieves = join(world.directory, 'thieves')
    const theirs = await world.image({ 'etc/motd': 'theirs' })
    for (const name of ['site', 'keys']) cpSync(join(world.directory, name), join(thieves, name), { recursive: true })
    chmodSync(join(thieves, 'keys'), 0o700)
    const now = new Date(world.clock.now)
    const keyring = await openKeyring(join(thieves, 'keys'))
    const issued = now.toISOString().replace(/\.\d+Z$/, 'Z')
    await publishStatement({
      site: join(thieves, 'site'),
      keyring,
      now,
      statement: {
        schema: 'holotype.channel/2',
        channel: 'web',
        number: 9,
        issued,
        expires: issued.replace(/^\d{4}/, (year) => String(Number(year) + 1)),
        current: theirs,
        reason: 'theft',
        actor: 'mallory',
        commit: '0123456789abcdef0123456789abcdef01234567',
      },
    })
  })

  const revoke = async () => {
    const roles = ['root', 'targets', 'snapshot', 'timestamp', 'channel-web'] as const
    const now = new Date(world.clock.now)
    expect(await rotateRoot({ site: world.site, keyring: world.keyring, now, roles })).toEqual({ version: 2 })
  }
  /** From now on the node reaches nothing but the thief's site. */
  const meetThieves = () => {
    renameSync(world.site, join(world.directory, 'honest'))
    renameSync(join(thieves, 'site'), world.site)
  }

  test('owns a node that begins with the root from before: what the other tests here try is an attack', async () => {
    await world.enrol(undefined, { token: tokenOf(1) })
    await revoke()
    meetThieves()
    expect((await world.run()).outcome).toBe('converged')
    expect(motd()).toBe('theirs')
  })

  test('is refused by a node that is enrolled after the revocation', async () => {
    await revoke()
    await world.enrol(undefined, { token: tokenOf(2) })
    meetThieves()
    const { outcome, error } = await world.run()
    expect([outcome, error?.code]).toEqual(['failed', 'METADATA_UNSIGNED'])
    expect(motd).toThrow('ENOENT')
  })

  test('is refused by a node that is enrolled again after it, where an earlier enrolment left what it had trusted', async () => {
    await world.enrol()
    expect((await world.run()).outcome).toBe('converged')
    // As who had followed up to this root has it.
    cpSync(join(world.site, 'trust/1.root.json'), join(world.state, 'trust/root.json'))
    await revoke()
    rmSync(join(world.state, 'config.json'))
    world.server.secrets.add('a-secret-that-is-good-once')
    await world.enrol(undefined, { token: tokenOf(2) })
    meetThieves()
    expect((await world.run()).error?.code).toBe('METADATA_UNSIGNED')
    expect(motd()).toBe('ours')
  })

  test('is refused by a node that was enrolled before it, has followed, and then lost STATE/trust', async () => {
    await world.enrol()
    expect((await world.run()).outcome).toBe('converged')
    await revoke()
    expect((await world.run()).outcome).toBe('unchanged')
    expect(readFileSync(join(world.state, 'root.json'))).toEqual(readFileSync(join(world.site, 'trust/2.root.json')))
    rmSync(join(world.state, 'trust'), { recursive: true })
    meetThieves()
    expect((await world.run()).error?.code).toBe('METADATA_UNSIGNED')
    expect(motd()).toBe('ours')
  })

  test('is refused by a node that heard of the revocation in a run that failed afterwards', async () => {
    await world.enrol()
    expect((await world.run()).outcome).toBe('converged')
    await revoke()
    world.mirror.lie = (path) => (path.includes('snapshot') ? 'missing' : undefined)
    expect((await world.run()).error?.code).toBe('METADATA_MISSING')
    world.mirror.lie = () => undefined
    rmSync(join(world.state, 'trust'), { recursive: true })
    meetThieves()
    expect((await world.run()).error?.code).toBe('METADATA_UNSIGNED')
  })
})

describe('of several mirrors at enrolment', () => {
  const other = async (root: string | undefined) => {
    const directory = join(world.directory, `other-${String(root)}`)
    mkdirSync(join(directory, 'trust'), { recursive: true })
    if (root !== undefined) writeFileSync(join(directory, 'trust/1.root.json'), root)
    return serveSite(directory)
  }

  test('one that has the root which the token names is enough, wherever it stands', async () => {
    await using liar = await other('{}')
    await using empty = await other(undefined)
    await world.enrol([liar.url, 'http://127.0.0.1:1/', empty.url, world.mirror.url])
    expect(readFileSync(join(world.state, 'root.json'))).toEqual(readFileSync(join(world.site, 'trust/1.root.json')))
  })

  test('one that says nothing holds up none', { timeout: 10_000 }, async () => {
    await using silent = await serveSite(world.site)
    silent.lie = () => 'stall'
    await world.enrol([silent.url, world.mirror.url])
  })

  test('where none has it, the error says what each of them served', async () => {
    await using liar = await other('{}')
    await using second = await other('{"signed":{}}')
    await using empty = await other(undefined)
    const refused = world.enrol([liar.url, second.url, empty.url, 'http://127.0.0.1:1/'])
    await expect(refused).rejects.toMatchObject({ code: 'AGENT_ROOT_PIN' })
    for (const said of [
      `${new URL(liar.url).host} serves ${digestOf('{}')}`,
      `${new URL(second.url).host} serves ${digestOf('{"signed":{}}')}`,
      `${new URL(empty.url).host} has no trust/1.root.json`,
      '127.0.0.1:1: ',
    ])
      await expect(refused).rejects.toThrow(said)
    expect(world.server.secrets.size).toBe(1)
  })
})
