import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { type BootOrder, compose, frozenBootOrder, layOut, resolveSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootContainer, FAR_MS, unfitForContainers } from './testing/container.ts'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/* The order of start that is frozen with an image, held against systemd itself: it boots the image in a container, and says what it made of it. */

const PACKAGES = ['usr-is-merged', 'systemd-sysv', 'dbus', 'udev', 'cron', 'logrotate']
const FILES = {
  // What generators make units of: a mount, and an init script without a unit.
  '/etc/fstab': { content: 'none /srv/fast tmpfs nosuid,x-systemd.after=systemd-udevd.service 0 0\n' },
  '/etc/init.d/legacy': {
    content:
      '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: legacy\n# Required-Start: $remote_fs cron\n# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop:\n### END INIT INFO\nexit 0\n',
    mode: '0755',
  },
  '/etc/rc2.d/S01legacy': { link: '../init.d/legacy' },
  '/etc/systemd/system/first.service': {
    content:
      '[Unit]\nBefore=second@%x.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 0.3\n[Install]\nWantedBy=multi-user.target\n'.replace(
        '%x',
        'a\\x2db',
      ),
  },
  '/etc/systemd/system/second@.service': {
    content: '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n',
  },
} as const
/** Two units that each wait for the other. */
const CYCLE = {
  'chicken.service':
    '[Unit]\nAfter=egg.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
  'egg.service':
    '[Unit]\nAfter=chicken.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
} as const

const reason = unfitForComposing() ?? unfitForContainers()
let base: string
let store: Store
let lock: Lock
let root: string
let order: BootOrder

const specOf = (more: object, enable: readonly string[]) =>
  resolveSpec(store, {
    name: 'boot',
    spec: imageSchema.parse({
      packages: PACKAGES,
      prune: { paths: ['/usr/share/doc/**', '/usr/share/man/**', '/usr/share/locale/**'] },
      files: { ...FILES, ...more },
      units: { enable },
    }),
    directory: '/',
  })
const ENABLED = ['first.service', 'second@a\\x2db.service']

beforeAll(async () => {
  if (reason !== undefined) return
  base = mkdtempSync(join(tmpdir(), 'holotype-boot-order-'))
  const made = (await realLocks({ boot: PACKAGES })).get('boot')
  if (!made) throw new Error('no lock')
  lock = made
  store = await storeWithPackages(join(base, 'store'), lock)
  const { manifest } = await compose({ store, lock, spec: specOf({}, ENABLED), progress: silent })
  const frozen = frozenBootOrder(store, { boot: manifest.boot, tree: manifest.root.tree })
  if (!frozen) throw new Error('no order of start')
  order = frozen
  root = layOut(store, manifest)
}, 240_000)

afterAll(() => {
  if (reason === undefined) rmSync(base, { recursive: true, force: true })
})

/** What `systemctl show` says of units, by name. */
function parseShown(text: string): Map<string, ReadonlyMap<string, string>> {
  return new Map(
    text.split('\n\n').map((block) => {
      const unit = new Map(
        block
          .split('\n')
          .filter((line) => line.includes('='))
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
      )
      return [unit.get('Id') ?? '', unit]
    }),
  )
}

/** The names of a list. One that holds a backslash is quoted for a shell, and the backslash escaped. */
function listOf(text: string): string[] {
  const words = text.split(' ').filter(Boolean)
  return words.map((word) => word.replace(/^\$?['"]|['"]$/g, '').replace(/\\(.)/g, '$1'))
}

const PULLS = ['Requires', 'BindsTo', 'Wants', 'Upholds'] as const
const SHOWN = ['Id', 'LoadState', 'After', ...PULLS, 'InactiveExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic']
/** Made of no file of the image: by the kernel, by systemd itself, and by generators of what a container is. */
const OF_THE_MACHINE = /\.(device|slice|scope)$|^-\.mount$|^console-getty\.service$|^systemd-remount-fs\.service$/

describe(`the order of start${reason === undefined ? '' : ` (skipped, because ${reason})`}`, () => {
  test.skipIf(reason !== undefined)('is the one that systemd boots the image in', { timeout: FAR_MS }, async () => {
    await using container = await bootContainer(root)
    const names = order.units.map(({ name }) => name)
    const shown = parseShown(
      await container.run(['systemctl', 'show', '--all', '--property', SHOWN.join(), '--', ...names]),
    )
    const ours = new Set(names)
    const wordsOf = (name: string, property: string) => listOf(shown.get(name)?.get(property) ?? '')
    const pulledBy = (name: string) => PULLS.flatMap((property) => wordsOf(name, property))

    expect([...shown.keys()].sort()).toEqual([...names].sort())
    expect(names.filter((name) => shown.get(name)?.get('LoadState') !== 'loaded')).toEqual([])
    // The same waits, in both directions: 150 and more.
    const waits = order.units.flatMap(({ name, after }) => after.map(({ unit }) => `${name} after ${unit}`))
    const theirs = names.flatMap((name) =>
      wordsOf(name, 'After')
        .filter((unit) => ours.has(unit))
        .map((unit) => `${name} after ${unit}`),
    )
    expect(waits.sort()).toEqual([...new Set(theirs)].sort())
    expect(waits.length).toBeGreaterThan(150)
    // Nothing more is pulled in, and each by what is said to pull it in.
    const absent = new Set(order.absent.map((text) => text.slice(0, text.indexOf(','))))
    const more = names.flatMap((name) =>
      pulledBy(name).filter((unit) => !ours.has(unit) && !absent.has(unit) && !OF_THE_MACHINE.test(unit)),
    )
    expect(more).toEqual([])
    const unpulled = order.units.flatMap(({ name, pulledBy: by }) =>
      by.filter(({ unit }) => !pulledBy(unit).includes(name)).map(({ unit }) => `${name} by ${unit}`),
    )
    expect(unpulled).toEqual([])
    // And as it went: nothing left its state of rest before what it waits for was up. Mounts are there before systemd is.
    const time = (name: string, property: string) => Number(shown.get(name)?.get(property) ?? 0)
    const observed = order.units
      .filter(({ name }) => !name.endsWith('.mount'))
      .flatMap(({ name, after }) => after.map(({ unit }) => ({ name, unit })))
      .map((pair) => ({
        ...pair,
        left: time(pair.name, 'InactiveExitTimestampMonotonic'),
        up: time(pair.unit, 'ActiveEnterTimestampMonotonic'),
      }))
      .filter(({ left, up }) => left > 0 && up > 0)
    expect(observed.length).toBeGreaterThan(50)
    expect(observed.filter(({ left, up }) => left < up)).toEqual([])
    expect(observed.map(({ name, unit }) => `${name} ${unit}`)).toContain('second@a\\x2db.service first.service')
  })

  test.skipIf(reason !== undefined)(
    'is refused where systemd would have to break a cycle',
    { timeout: FAR_MS },
    async () => {
      const units: Record<string, string> = {}
      for (const [name, text] of Object.entries(CYCLE)) {
        units[name] = join(base, name)
        writeFileSync(join(base, name), text)
      }
      await using container = await bootContainer(root, { units })
      expect(container.console()).toMatch(/Found ordering cycle on (chicken|egg)\.service\/start/)
      expect(container.console()).toMatch(/Job (chicken|egg)\.service\/start deleted to break ordering cycle/)

      const files = Object.fromEntries(
        Object.entries(CYCLE).map(([name, content]) => [`/etc/systemd/system/${name}`, { content }]),
      )
      const spec = specOf(files, [...ENABLED, ...Object.keys(CYCLE)])
      await expect(compose({ store, lock, spec, progress: silent })).rejects.toMatchObject({
        code: 'IMAGE_BOOT_ORDER',
        message: expect.stringMatching(
          /chicken\.service after egg\.service \(After\), after chicken\.service \(After\)/,
        ),
      })
    },
  )
})
