import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf, shortDigest } from '@holotype/base'
import { openStore } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { serveSite, type StaticSite } from '../../packages/agent/src/testing/static-site.ts'
import { type SmallDisk, smallDisk } from './disk.ts'
import { halfWritten, isRoot, makePlace, objectPath, overwrite, type Place, withBitTurned } from './place.ts'
import { composed, enrolNode, startServer, type TestNode } from './site.ts'

/*
 * From an image in the store to a node, with everything on the way broken once. The tests stand on each other: after each fault the same command
 * is given again and works.
 */

const SITE_BYTES = 16 * 1024 * 1024
const START = ['rollout', 'start', 'web']

describe.skipIf(!isRoot)(
  'a release (skipped without root: a small disk must be mounted, and files of root made)',
  () => {
    let place: Place
    let disk: SmallDisk
    let server: Awaited<ReturnType<typeof startServer>>
    let mirror: StaticSite
    let node: TestNode
    let first: Digest
    let second: Digest
    /** One large file of the second image, of bytes that do not compress. */
    const noise = randomBytes(300_000)

    beforeAll(async () => {
      place = await makePlace()
      mkdirSync(place.home)
      disk = await smallDisk(join(place.home, 'site'), { bytes: SITE_BYTES })
      await place.result(['admin', 'keys', 'create'])
      server = await startServer(place)
      mirror = await serveSite(disk.directory)
      first = await composed(place, {
        packages: [{ name: 'hello', version: '1.0', files: { 'usr/bin/hello': 'one', 'etc/hello.conf': 'greet' } }],
      })
    })
    afterAll(async () => {
      await mirror?.[Symbol.asyncDispose]()
      server?.child.kill('SIGTERM')
      await server?.ended
      await disk?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    const site = () => disk.directory
    const storePath = (digest: Digest) => objectPath(join(place.home, 'store'), digest)
    /** What clients of the site go by: nothing else is published until this changes. */
    const pointer = () => readFileSync(join(site(), 'trust/timestamp.json'), 'utf8')

    /** The command fails so, and clients see what they saw. */
    async function refused(args: readonly string[], expected: { readonly code: string; readonly exitCode: number }) {
      const before = pointer()
      const failure = await place.failure(args)
      expect(failure).toMatchObject(expected)
      expect(pointer()).toBe(before)
      expect(halfWritten(place.home)).toEqual([])
      return failure
    }

    const statementSchema = z.looseObject({
      statement: z.looseObject({ number: z.number(), current: z.looseObject({ image: z.string() }) }),
    })
    const started = async (args: readonly string[] = START) => statementSchema.parse(await place.result(args)).statement

    describe('the first image', () => {
      test('with the server away', async () => {
        const away = [...START, '--server', 'http://127.0.0.1:1']
        await refused(away, { code: 'SERVER_UNREACHABLE', exitCode: 6 })
      })

      test("with another's token, and with none", async () => {
        const file = join(place.home, 'operator-token')
        const token = readFileSync(file)
        writeFileSync(file, `${'0'.repeat(64)}\n`)
        await refused(START, { code: 'LOGIN_REQUIRED', exitCode: 5 })
        const { code, stderr } = await place.holotype(START)
        expect(code).toBe(5)
        expect(stderr).toMatch(/\nhint: .+\ncode: LOGIN_REQUIRED\n$/)
        writeFileSync(file, token)
        const none = join(place.directory, 'no-token')
        mkdirSync(none)
        await refused(['node', 'token', 'x', '--channel', 'web', '--home', none, '--server', server.address], {
          code: 'TOKEN_MISSING',
          exitCode: 5,
        })
      })

      test('with an object of the store tampered with', async () => {
        const store = openStore(join(place.home, 'store'))
        const manifest = z.looseObject({ owners: z.string() }).parse(store.readJson(first))
        const path = objectPath(join(place.home, 'store'), manifest.owners)
        const whole = readFileSync(path)
        overwrite(path, withBitTurned(whole))
        await refused(START, { code: 'OBJECT_CORRUPT', exitCode: 9 })
        overwrite(path, whole)
      })

      test('is published by the same command when all is well, and reaches a node', async () => {
        expect(await started()).toMatchObject({ number: 1, current: { image: first } })
        node = await enrolNode(place, 'web-1', mirror.url, server.address)
        expect(await node.run()).toMatchObject({ outcome: 'converged', image: first })
      })

      test('is not published twice', async () => {
        await refused(START, { code: 'ROLLOUT_NOTHING_NEW', exitCode: 7 })
      })
    })

    describe('the second image', () => {
      const diffDigest = async () => {
        const diff = await place.result(['image', 'diff', 'web~1', 'web'])
        return z.looseObject({ digest: z.string() }).parse(diff).digest
      }

      test('without an approval', async () => {
        await composed(place, { packages: [{ name: 'hello', version: '1.1', files: { 'usr/bin/hello': 'wrong' } }] })
        const { what, hint } = await refused(START, { code: 'APPROVAL_MISSING', exitCode: 7 })
        const short = shortDigest(z.templateLiteral(['sha256:', z.string()]).parse(await diffDigest()))
        expect(what).toContain('needs 1 approval')
        expect(hint).toContain(`holotype image approve ${short}`)
      })

      test('with an approval of another difference', async () => {
        await place.result(['image', 'approve', await diffDigest()])
        second = await composed(place, {
          packages: [
            {
              name: 'hello',
              version: '2.0',
              files: { 'usr/bin/hello': 'two', 'usr/share/hello': { content: noise } },
            },
          ],
        })
        const { what } = await refused(START, { code: 'APPROVAL_MISSING', exitCode: 7 })
        expect(what).toContain('needs 1 approval')
      })

      test('with an approval and a rejection, until whoever rejected it approves', async () => {
        const [, digest = ''] = /approve ([0-9a-f]+)/.exec((await place.failure(START)).hint) ?? []
        await place.result(['image', 'approve', digest])
        await place.result(['image', 'reject', digest, '--comment', 'not on a Friday'], { HOLOTYPE_ACTOR: 'bob' })
        const { what } = await refused(START, { code: 'APPROVAL_MISSING', exitCode: 7 })
        expect(what).toMatch(/rejected by bob: not on a Friday/)
        expect((await place.holotype(START)).stderr).toMatch(
          /^error: the difference \S+ is rejected by bob: not on a Friday\nhint: .+\ncode: APPROVAL_MISSING\n$/m,
        )
        await place.result(['image', 'approve', digest], { HOLOTYPE_ACTOR: 'bob' })
      })

      test('with the server away', async () => {
        const away = [...START, '--server', 'http://127.0.0.1:1']
        await refused(away, { code: 'SERVER_UNREACHABLE', exitCode: 6 })
      })

      test('with a blob of the store tampered with', async () => {
        const path = storePath(digestOf(noise))
        const whole = readFileSync(path)
        overwrite(path, withBitTurned(whole))
        const { what } = await refused(START, { code: 'OBJECT_CORRUPT', exitCode: 9 }).finally(() =>
          overwrite(path, whole),
        )
        expect(what).toContain(path)
      })

      test.each([0, 320 * 1024])('with %i bytes left for the site', async (left) => {
        disk.fill(left)
        await refused(START, { code: 'DISK_FULL', exitCode: 8 })
        // Clients go on as before.
        expect(await node.run()).toMatchObject({ image: first })
        disk.empty()
      })

      test('started twice at once starts once', async () => {
        const both = await Promise.all([place.holotype([...START, '--json']), place.holotype([...START, '--json'])])
        expect(both.filter(({ code }) => code === 0)).toHaveLength(1)
        const lost = both.find(({ code }) => code !== 0)
        expect(lost?.stderr).toMatch(/"code":"(HOME_BUSY|TRUST_BUSY|ROLLOUT_UNDER_WAY|STATEMENT_NOT_FORWARD)"/)
        expect(await place.result(['rollout', 'status', 'web-2'])).toMatchObject({ state: 'running', to: second })
      })

      test('started while it is under way', async () => {
        await refused(START, { code: 'ROLLOUT_UNDER_WAY', exitCode: 7 })
      })

      test('taken further while its gate waits', async () => {
        const { what } = await refused(['rollout', 'advance', 'web'], { code: 'GATE_WAITING', exitCode: 7 })
        expect(what).toContain('rest: 0 of 1 nodes converged')
      })
    })

    describe('what a mirror does to it', () => {
      const statementFile = z.looseObject({
        number: z.number(),
        next: z
          .object({
            image: z.string(),
            packs: z.array(z.looseObject({ index: z.string(), pack: z.string() })),
            delta: z.looseObject({ index: z.string() }),
          })
          .optional(),
      })
      /** The next image as the second statement names it. */
      const target = () => {
        const directory = join(site(), 'channels')
        const statements = readdirSync(directory).map((name) =>
          statementFile.parse(JSON.parse(readFileSync(join(directory, name), 'utf8'))),
        )
        const next = statements.find(({ number }) => number === 2)?.next
        if (!next) throw new Error('there is no second statement')
        return next
      }
      const objectName = (digest: string) => `/objects/${digest.slice(7, 9)}/${digest.slice(9)}`
      const newest = () => target().packs.at(-1)

      test.each([
        ['timestamp', 'tamper', (): string => '/trust/timestamp.json', 'METADATA_MALFORMED', 5],
        ['timestamp', 'truncate', (): string => '/trust/timestamp.json', 'AGENT_SITE_UNREACHABLE', 6],
        ['statement', 'tamper', (): string => '/channels/', 'METADATA_MISMATCH', 5],
        ['manifest', 'tamper', (): string => objectName(target().image), 'AGENT_OBJECT_CORRUPT', 9],
        ['pack index', 'tamper', (): string => objectName(newest()?.index ?? ''), 'AGENT_OBJECT_CORRUPT', 9],
        ['pack', 'tamper', (): string => objectName(newest()?.pack ?? ''), 'AGENT_OBJECT_CORRUPT', 9],
        ['pack', 'truncate', (): string => objectName(newest()?.pack ?? ''), 'AGENT_SITE_UNREACHABLE', 6],
        ['pack', 'missing', (): string => objectName(newest()?.pack ?? ''), 'AGENT_OBJECT_MISSING', 9],
      ] as const)('%s: %s leaves the node where it is', async (_, lie, path, code, exitCode) => {
        const asked = path()
        // With the delta there, packs are not asked for.
        const delta = objectName(target().delta.index)
        mirror.lie = (at) => (at.startsWith(asked) ? lie : at === delta ? 'missing' : undefined)
        const failure = await node.failure('run', '--once')
        mirror.lie = () => undefined
        expect(failure).toMatchObject({ code, exitCode })
        expect(readFileSync(join(node.root, 'usr/bin/hello'), 'utf8')).toBe('one')
        expect(existsSync(join(node.root, 'usr/share/hello'))).toBe(false)
      })

      test('a person is told once, and with the truth the next run converges', async () => {
        mirror.lie = (at) => (at === '/trust/timestamp.json' ? 'tamper' : undefined)
        const { code, stderr } = await node.plain('run', '--once')
        expect(code).toBe(5)
        expect(stderr).toMatch(/^METADATA_\w+: .+\n {2}.+\n$/m)
        mirror.lie = () => undefined
        expect(await node.run()).toMatchObject({ outcome: 'converged', image: second })
        expect(readFileSync(join(node.root, 'usr/bin/hello'), 'utf8')).toBe('two')
      })
    })

    test('the brake works with the server away, which is told by the next command', async () => {
      server.child.kill('SIGTERM')
      expect((await server.ended).code).toBe(0)
      const { code, stderr } = await place.holotype([
        'rollout',
        'stop',
        'web',
        '--reason',
        'smoke',
        '--server',
        'http://127.0.0.1:1',
      ])
      expect(code).toBe(0)
      expect(stderr).toContain('does not know it yet')
      expect(await node.run()).toMatchObject({ outcome: 'converged', image: first })
      server = await startServer(place)
      expect(await place.result(['rollout', 'status', 'web-2'])).toMatchObject({ state: 'running' })
      await refused(['rollout', 'stop', 'web'], { code: 'ROLLOUT_NONE', exitCode: 2 })
      expect(await started()).toMatchObject({ number: 4 })
      expect(await place.result(['rollout', 'status', 'web-2'])).toMatchObject({ state: 'stopped' })
      expect(JSON.stringify(await place.result(['audit', 'log']))).toContain('smoke')
    })
  },
)
