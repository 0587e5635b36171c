import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { agentProgram } from '@holotype/agent'
import { digestOf, run, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, publishImage, resolveSpec } from '@holotype/image'
import type { Store } from '@holotype/store'
import type { ChannelTarget } from '@holotype/trust'
import type { Lock } from '@holotype/solver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatEnrolmentToken } from '../packages/agent/src/token.ts'
import { makeWorld, type World } from '../packages/agent/src/testing/world.ts'
import { bootContainer, type Container, FAR_MS, unfitForContainers } from './testing/container.ts'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/* A node with two roots, booted from each by systemd, with the agent in it: installed, moved, cut short in the middle of a move, and back from what is not well. */

const PACKAGES = ['usr-is-merged', 'systemd-sysv', 'dbus', 'udev', 'libstdc++6', 'attr']
const UNIT = (start: string) => `[Service]\nExecStart=${start}\n[Install]\nWantedBy=multi-user.target\n`
const reason =
  process.env['TWO_ROOTS'] === undefined
    ? 'it takes minutes: `make two-roots`'
    : (unfitForComposing() ?? unfitForContainers())
const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)))

/** What lies beside the roots, where each of them has it mounted: `/srv`. */
const PLACE = { roots: '/srv/a,/srv/b', current: '/srv/current', state: '/srv/state' } as const

let base: string
let store: Store
let lock: Lock
let world: World
let newest: ChannelTarget | undefined
let number = 0

/** Puts an image with a release and a service on the site, and what leads to it from the one before, and makes it the channel's. */
async function publish(release: string, start: string): Promise<ChannelTarget> {
  const spec = resolveSpec(store, {
    name: 'web',
    spec: imageSchema.parse({
      packages: PACKAGES,
      prune: { paths: ['/usr/share/doc/**', '/usr/share/man/**', '/usr/share/locale/**'] },
      files: {
        '/etc/app-release': { content: `${release}\n` },
        '/etc/app-data': { content: `${release}\n`.repeat(100_000) },
        '/etc/systemd/system/app.service': { content: UNIT(start) },
      },
      units: { enable: ['app.service'] },
      health: { units: ['app.service'], grace: '2s' },
      exclusions: [
        '/etc/machine-id',
        '/var/log/**',
        '/var/lib/**',
        '/var/cache/**',
        '/var/tmp/**',
        '/tmp/**',
        '/etc/own',
        '/etc/.pwd.lock',
      ],
    }),
    directory: '/',
  })
  const { image } = await compose({ store, lock, spec, progress: silent })
  const target = await publishImage({
    store,
    site: world.store,
    image,
    onto: newest?.packs ?? [],
    ...(newest ? { from: newest.image } : {}),
    progress: silent,
  })
  await world.publish(++number, target)
  newest = target
  return target
}

beforeAll(async () => {
  if (reason !== undefined) return
  base = mkdtempSync(join(tmpdir(), 'holotype-two-roots-'))
  const made = (await realLocks({ two: PACKAGES })).get('two')
  if (!made) throw new Error('no lock')
  lock = made
  store = await storeWithPackages(join(base, 'store'), lock)
  world = await makeWorld(base)
  mkdirSync(join(base, 'srv'))
}, FAR_MS)

afterAll(async () => {
  if (reason !== undefined) return
  await world[Symbol.asyncDispose]()
  rmSync(base, { recursive: true, force: true })
})

/** An installer: neither root runs, and they are where the system will have them. */
async function install(...args: readonly string[]): Promise<void> {
  const inPlace = 'mount --bind "$1" /srv && shift && exec "$@"'
  const agent = [process.execPath, agentProgram, ...args, '--state', PLACE.state]
  await run(['unshare', '--mount', 'sh', '-c', inPlace, 'sh', join(base, 'srv'), ...agent])
}

const startsNext = () => realpathSync(join(base, 'srv/current'))

function boot(): Promise<Container> {
  const mounts = [`${join(base, 'srv')}:/srv`]
  const programs = [`${REPOSITORY}:/mnt`, `${dirname(process.execPath)}:/media`]
  return bootContainer(startsNext(), {
    how: [
      ...mounts.map((mount) => `--bind=${mount}`),
      ...programs.map((mount) => `--bind-ro=${mount}`),
      ...['--resolv-conf=off', '--timezone=off'],
    ],
  })
}

/** The agent within. What it printed last tells how it ended. */
async function agent(container: Container, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const command = ['/media/node', '/mnt/packages/agent/src/main.ts', ...args, '--json', '--state', PLACE.state]
  const lines = (await container.run(['sh', '-c', '"$@" || true', 'sh', ...command])).trim().split('\n')
  const values = lines.map((line): Record<string, unknown> => JSON.parse(line))
  const found = values.findLast((value) => 'result' in value) ?? values.at(-1)
  const result: unknown = found?.['result'] ?? found
  return typeof result === 'object' && result !== null ? { ...result } : {}
}

const read = async (container: Container, path: string) => (await container.run(['cat', path])).trim()
const flags = () => world.server.checkins.at(-1)?.flags

describe(`a node with two roots${reason === undefined ? '' : ` (skipped, because ${reason})`}`, () => {
  test.skipIf(reason !== undefined)(
    'boots from each, and what starts is always an image as a whole',
    { timeout: FAR_MS },
    async () => {
      const one = await publish('one', '/bin/sleep infinity')
      const token = formatEnrolmentToken({
        secret: 'a-secret-that-is-good-once',
        version: 1,
        root: digestOf(readFileSync(join(world.site, 'trust/1.root.json'))),
      })
      const { roots, current } = PLACE
      await install(
        ...['enrol', '--server', world.server.url, '--site', world.mirror.url, '--token', token],
        ...['--roots', roots, '--current', current],
      )
      await install('run')
      expect(startsNext()).toBe(join(base, 'srv/a'))

      let machineId: string
      {
        await using container = await boot()
        expect(await agent(container, 'run')).toMatchObject({
          outcome: 'unchanged',
          image: one.image,
          rebootPending: false,
        })
        machineId = await read(container, '/etc/machine-id')
        expect(machineId).toMatch(/^[0-9a-f]{32}$/)
        await container.run(['sh', '-c', 'echo mine >/etc/own'])
        const two = await publish('two', '/bin/sleep infinity')
        expect(await agent(container, 'run')).toMatchObject({
          outcome: 'prepared',
          image: one.image,
          rebootPending: true,
          report: { to: two.image },
        })
        expect(flags()).toContain('reboot-pending')
        expect(await read(container, '/etc/app-release')).toBe('one')
        expect(await container.run(['systemctl', 'is-active', 'app.service'])).toBe('active\n')
      }
      expect(startsNext()).toBe(join(base, 'srv/b'))

      {
        await using container = await boot()
        expect(await read(container, '/etc/app-release')).toBe('two')
        expect([await read(container, '/etc/machine-id'), await read(container, '/etc/own')]).toEqual([
          machineId,
          'mine',
        ])
        expect(await agent(container, 'run')).toMatchObject({
          outcome: 'unchanged',
          image: newest?.image,
          rebootPending: false,
        })
        expect(await agent(container, 'verify')).toMatchObject({ differences: [] })
        expect(flags()).not.toContain('reboot-pending')
        await publish('three', '/bin/false')
        expect(await agent(container, 'run')).toMatchObject({ outcome: 'prepared' })
      }
      expect(startsNext()).toBe(join(base, 'srv/a'))

      {
        await using container = await boot()
        expect(await read(container, '/etc/app-release')).toBe('three')
        expect(await agent(container, 'run')).toMatchObject({ outcome: 'rolled-back', rebootPending: true })
        expect(flags()).toEqual(expect.arrayContaining(['rolled-back', 'reboot-pending']))
        expect(world.server.reports.at(-1)).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_HEALTH_FAILED' } })
      }
      expect(startsNext()).toBe(join(base, 'srv/b'))

      {
        await using container = await boot()
        expect(await agent(container, 'run')).toMatchObject({ outcome: 'unchanged', rebootPending: false })
        expect(flags()).toContain('rolled-back')
        await publish('four', '/bin/sleep infinity')
        // The machine dies while the other root is written to.
        let ended = false
        const run = agent(container, 'run')
          .catch(() => ({}))
          .finally(() => {
            ended = true
          })
        const journal = join(base, 'srv/state/root-a/journal.json')
        while (!ended && !statSync(journal, { throwIfNoEntry: false })) await sleep(1)
        expect(ended).toBe(false)
        await container[Symbol.asyncDispose]()
        await run
      }
      expect(startsNext()).toBe(join(base, 'srv/b'))

      {
        await using container = await boot()
        expect(await read(container, '/etc/app-release')).toBe('two')
        expect(await agent(container, 'run')).toMatchObject({ outcome: 'prepared' })
      }
      await using container = await boot()
      expect(await read(container, '/etc/app-release')).toBe('four')
      expect(await agent(container, 'run')).toMatchObject({ outcome: 'unchanged', image: newest?.image })
      expect(flags()).not.toContain('rolled-back')
      expect(await agent(container, 'verify')).toMatchObject({ differences: [] })
    },
  )
})
