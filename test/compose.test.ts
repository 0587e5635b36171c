import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Digest, type ProgressEvent, silent, SYSTEM_PATH } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, type ImageManifest, layOut, resolveSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { lookup, type Store, walkTree } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { realLocks, scriptPackage, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/* Whole compositions of real packages. Without those that are kept between runs, the first run fetches some 50 MB. */

const CHILD = fileURLToPath(new URL('testing/compose-elsewhere.ts', import.meta.url))
const PRUNED = ['/usr/share/doc/**', '/usr/share/man/**', '/usr/share/locale/**']
const PACKAGES = ['usr-is-merged', 'systemd', 'cron', 'openssh-server', 'iputils-ping']
const UNIT = '/etc/systemd/system/hello.service'

const reason = unfitForComposing()
let base: string
let store: Store
let lock: Lock
let image: Digest
let manifest: ImageManifest
const first: ProgressEvent[] = []

const spec = (into: Store) =>
  resolveSpec(into, {
    name: 'small',
    spec: imageSchema.parse({
      packages: PACKAGES,
      prune: { paths: PRUNED },
      files: {
        '/etc/motd': { content: 'hello\n' },
        [UNIT]: { content: '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' },
      },
      units: { enable: ['hello.service'] },
      sysctl: { 'vm.swappiness': '1' },
    }),
    directory: '/',
  })

beforeAll(async () => {
  if (reason !== undefined) return
  base = mkdtempSync(join(tmpdir(), 'holotype-compose-'))
  const made = (await realLocks({ small: PACKAGES })).get('small')
  if (!made) throw new Error('no lock')
  lock = made
  store = await storeWithPackages(join(base, 'first'), lock)
  const composed = await compose({ store, lock, spec: spec(store), progress: (event) => void first.push(event) })
  image = composed.image
  manifest = composed.manifest
}, 240_000)

afterAll(() => {
  if (reason === undefined) rmSync(base, { recursive: true, force: true })
})

interface Elsewhere {
  readonly child: ChildProcess
  /** What it printed. */
  readonly ended: Promise<string>
}

/** Composes in a process of its own, in surroundings of its own. */
function composeElsewhere(into: Store): Elsewhere {
  const child = spawn(process.execPath, [CHILD], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: base,
    env: {
      PATH: SYSTEM_PATH,
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'de_DE',
      TZ: 'Pacific/Chatham',
      HOME: '/nonexistent',
      USER: 'somebody',
      TMPDIR: base,
      DEBIAN_FRONTEND: 'readline',
      SOURCE_DATE_EPOCH: '1',
    },
  })
  child.stdin.end(JSON.stringify({ directory: into.directory, lock, spec: spec(into) }))
  return { child, ended: text(child.stdout) }
}

/** Whether a sandbox stands on a checkout of this store, in any mount namespace of the machine. */
function scripting({ directory }: Store): boolean {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`lowerdir=${directory}/scratch/`)
      } catch {
        return false
      }
    })
}

const titles = (events: readonly ProgressEvent[]) =>
  events.flatMap((event) => (event.kind === 'begin' ? [event.title] : []))
const files = () => [...walkTree(store, manifest.root.tree)]
const textOf = (path: string) => {
  const entry = lookup(store, manifest.root.tree, path)
  if (entry?.type !== 'file') throw new Error(`${path} is no file of the image`)
  return store.read(entry.digest).toString()
}

describe.skipIf(reason !== undefined)(`an image of real packages${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test('is the same in another store after a full disk and a kill, by another umask, locale, time zone and user environment', async () => {
    const place = join(base, 'second')
    mkdirSync(place)
    const megabytes = Math.ceil(lock.packages.reduce((sum, { size }) => sum + size, 0) / 1e6) + 30
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', place])
    try {
      const other = await storeWithPackages(place, lock)
      const full = compose({ store: other, lock, spec: spec(other), progress: silent })
      await expect(full).rejects.toMatchObject({ code: 'DISK_FULL', exitCode: 8 })
      execFileSync('mount', ['-o', 'remount,size=2g', place])

      const killed = composeElsewhere(other)
      await vi.waitFor(() => expect(scripting(other)).toBe(true), { timeout: 60_000, interval: 20 })
      killed.child.kill('SIGKILL')
      await killed.ended
      await vi.waitFor(() => expect(scripting(other)).toBe(false), { timeout: 5000 })

      expect(await composeElsewhere(other).ended).toBe(image)
      expect(readdirSync(join(place, 'scratch'))).toEqual([])
    } finally {
      execFileSync('umount', ['--lazy', place])
    }
  }, 120_000)

  test('ends with the last words of a script that fails', async () => {
    const broken = await scriptPackage(store, 'broken', 'echo it cannot go on >&2\nexit 42')
    const packages = [...lock.packages, broken]
    const failing = compose({ store, lock: { ...lock, packages }, spec: spec(store), progress: silent })
    await expect(failing).rejects.toMatchObject({ code: 'IMAGE_SCRIPT_FAILED', exitCode: 3 })
    await expect(failing).rejects.toThrow(/it cannot go on[^]*broken[^]*42/)
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  }, 60_000)

  test('gives every path to exactly one owner, and no owner a path that is not there (invariant 6)', () => {
    const owners = Object.entries(ownersOf(store, manifest))
    const owned = owners.flatMap(([, paths]) => paths).sort()
    // The root is `/`; it is no entry of a tree.
    expect(owned).toEqual(['/', ...files().map(({ path }) => `/${path}`)].sort())
    expect(new Set(owned).size).toBe(owned.length)
    for (const [owner] of owners) expect(owner).toMatch(/^(package:.+|spec|step:.+)$/)
    const by = new Map(owners)
    expect(by.get('package:cron')).toContain('/usr/sbin/cron')
    expect(by.get('spec')).toEqual(expect.arrayContaining(['/etc/motd', UNIT, '/etc/sysctl.d/60-holotype.conf']))
  })

  test('is what dpkg takes for a complete system', () => {
    const root = layOut(store, manifest)
    const dpkg = (...args: string[]) =>
      spawnSync('dpkg', [`--root=${root}`, ...args], { encoding: 'utf8', env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } })
        .stdout
    expect(dpkg('--audit')).toBe('')
    const states = execFileSync(
      'dpkg-query',
      [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', '${Package} ${Version} ${Status}\\n'],
      {
        encoding: 'utf8',
      },
    )
    expect(states.trim().split('\n').sort()).toEqual(
      lock.packages.map(({ name, version }) => `${name} ${version} install ok installed`).sort(),
    )
    // What is pruned is missing; the spec's motd is the one file of ours over a package's.
    const differing = dpkg('-V')
      .split('\n')
      .filter((line) => line !== '' && !/^missing\s+\/usr\/share\/(doc|man|locale)\//.test(line))
    expect(differing.filter((line) => !line.endsWith(' /etc/motd'))).toEqual([])
  })

  test('has the units of the spec enabled, and those of the packages', () => {
    const link = (path: string) => lookup(store, manifest.root.tree, path)
    const wants = 'etc/systemd/system/multi-user.target.wants'
    expect(link(`${wants}/hello.service`)).toMatchObject({ type: 'symlink', target: UNIT })
    expect(link(`${wants}/cron.service`)).toMatchObject({ type: 'symlink' })
  })

  test('holds nothing of one run: no key of a host, no name of this machine, no time of today', () => {
    const paths = files()
    expect(paths.filter(({ path }) => /ssh_host_|\.pyc$|-old$|^(run|tmp|proc|sys|dev)\//.test(path))).toEqual([])
    const newest = Math.max(...paths.map(({ entry }) => entry.mtime))
    expect(newest).toBeLessThan(Date.now() / 1000 - 86_400)
    const day = Math.floor(Date.now() / 86_400_000)
    const changed = textOf('etc/shadow')
      .trim()
      .split('\n')
      .map((line) => Number(line.split(':')[2]))
    expect(changed.filter((lastChange) => lastChange >= day - 1)).toEqual([])
    expect(textOf('etc/machine-id')).toBe('')
  })

  test('keeps the capabilities that a script gave', () => {
    const entry = lookup(store, manifest.root.tree, 'usr/bin/ping')
    const hasSetcap = lock.packages.some(({ name }) => name === 'libcap2-bin')
    expect(entry?.xattrs?.['security.capability'] !== undefined).toBe(hasSetcap)
  })

  test('made again from a warm store, unpacks and runs nothing, and leaves nothing but objects', async () => {
    const again: ProgressEvent[] = []
    const composed = await compose({ store, lock, spec: spec(store), progress: (event) => void again.push(event) })
    expect(composed.image).toBe(image)
    expect(titles(first)).toContain('unpack packages into the store')
    // Neither unpacked nor configured again (ADR 21).
    expect(titles(again)).toEqual(['freeze the tree'])
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(base)
  }, 60_000)

  test('names a unit that is not there', async () => {
    const { units, ...rest } = spec(store)
    const wrong = { ...rest, units: { ...units, enable: ['no-such.service'] } }
    const failing = compose({ store, lock, spec: wrong, progress: silent })
    await expect(failing).rejects.toMatchObject({ code: 'IMAGE_SPEC_REFUSED', exitCode: 3 })
    await expect(failing).rejects.toThrow(/no-such\.service/)
  }, 60_000)

  test('told to stop while scripts run, it stops, and leaves nothing', async () => {
    const notes = join(store.directory, 'notes')
    for (const name of readdirSync(notes).filter((one) => one.startsWith('layer-')))
      rmSync(join(notes, name), { recursive: true })
    const controller = new AbortController()
    const running = compose({
      store,
      lock,
      spec: spec(store),
      signal: controller.signal,
      progress: (event) => void (event.kind === 'advance' && event.note && controller.abort()),
    })
    await expect(running).rejects.toMatchObject({ code: 'PROCESS_ABORTED' })
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  }, 60_000)
})

function ownersOf(from: Store, { owners }: ImageManifest): Record<string, string[]> {
  const value = from.readJson(owners)
  if (typeof value !== 'object' || value === null) throw new Error('no owners')
  return Object.fromEntries(
    Object.entries(value).map(([owner, paths]) => [owner, Array.isArray(paths) ? paths.map(String) : []]),
  )
}
