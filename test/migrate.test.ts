import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hexOf, silent, SYSTEM_PATH } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { formats } from '@holotype/formats'
import { compose, type Migration, missingSonames, planMigration, resolveSpec } from '@holotype/image'
import { type Candidate, type Lock, lockPackage, resolve } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkoutImage } from '../packages/image/src/native/testing/checkout-image.ts'
import { EQUAL_LOCKS } from './testing/equal-locks.ts'
import { buildNativeRpms } from './testing/native-rpms.ts'
import { keptPackage, realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * The way of real packages from one image to another. The native tools judge each image in between: rpm, which checks relations and files of all
 * packages at once, and apt.
 */

const tools = ['rpm', 'rpmbuild', 'dpkg-deb'].filter((tool) => !existsSync(`/usr/bin/${tool}`))
const reason = unfitForComposing() ?? (tools.length > 0 ? `there is no ${tools.join(', ')}` : undefined)

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-migrate-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** The packages of a lock that these need, without what every Debian system has besides. */
async function partOf(lock: Lock, install: readonly string[]): Promise<Lock> {
  const candidates: Candidate[] = []
  for (const { sha256, from } of lock.packages)
    candidates.push({
      record: (await formats.deb.readPackage(keptPackage(`sha256:${sha256}`))).record,
      from,
      priority: 500,
    })
  const { packages } = resolve({
    format: formats.deb,
    architecture: lock.architecture,
    candidates,
    install,
    essential: false,
  })
  return { ...lock, packages: packages.map(lockPackage) }
}

/** What rpm says of installing all packages of a lock at once into an empty root: nothing if all holds. */
function askRpm(store: Store, lock: Lock): string {
  const root = mkdtempSync(join(place, 'root-'))
  const files = lock.packages.map(({ name, sha256 }) => {
    const file = join(root, `${name}.rpm`)
    symlinkSync(store.pathOf(`sha256:${sha256}`), file)
    return file
  })
  const { status, stderr } = spawnSync(
    'rpm',
    // Signatures and scripts are no part of the question.
    ['--root', root, '--dbpath', '/db', '-i', '--test', '--nosignature', '--noscripts', ...files],
    { env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }, encoding: 'utf8' },
  )
  rmSync(root, { recursive: true })
  return status === 0 ? '' : stderr || `rpm ended with ${status}`
}

/** Every library that a program of an image on the way needs is there. */
async function expectSonames(store: Store, steps: Migration['steps']): Promise<void> {
  for (const { number, lock } of steps) {
    const missing = await missingSonames({ store, lock, progress: silent })
    expect({ number, missing: missing.map(({ soname }) => soname) }).toEqual({ number, missing: [] })
  }
}

/** Images on the way are composed: their package manager finds nothing to mend, and their programs run. */
async function expectComposed(store: Store, steps: Migration['steps'], chosen: readonly number[]): Promise<void> {
  for (const at of chosen) {
    const { number, lock } = steps[at] ?? { number: 0, lock: undefined }
    if (!lock) throw new Error(`no step ${at}`)
    const asked = imageSchema.parse({ packages: ['bash', 'coreutils'] })
    const spec = resolveSpec(store, { name: lock.image, spec: asked, directory: '/' })
    const { manifest } = await compose({ store, lock, spec, progress: silent })
    const root = await checkoutImage(store, manifest, mkdtempSync(join(place, 'composed-')))
    // An image of rpms alone has no other locale.
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C' }
    const ask = (program: string, ...argv: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(program, argv, { env, encoding: 'utf8' })
      return `step ${number}: ${status} ${stdout}${stderr}`
    }
    const rpm = ['--root', root, '--dbpath', '/usr/lib/sysimage/rpm', '--nosignature']
    if (lock.format === 'rpm') expect(ask('rpm', ...rpm, '-Va')).toBe(`step ${number}: 0 `)
    else
      for (const question of ['--audit', '--verify'])
        expect(ask('dpkg', '--root', root, question)).toBe(`step ${number}: 0 `)
    const query = {
      rpm: ['rpm', ...rpm, '-qa'],
      deb: ['dpkg-query', '--root', root, '-W', '-f', '${Package}\n'],
    } as const
    const [program, ...argv] = lock.format === 'rpm' ? query.rpm : query.deb
    expect(ask(program, ...argv).split('\n').length - 1).toBe(lock.packages.length)
    expect(ask('chroot', root, 'bash', '-c', 'ls --version > /dev/null && echo $0')).toBe(`step ${number}: 0 bash\n`)
    rmSync(root, { recursive: true })
  }
}

const NAMES = {
  rpm: { libc6: 'glibc', zlib1g: 'zlib', libssl3: 'openssl-libs', libtinfo6: 'ncurses-libs' },
  deb: {
    glibc: 'libc6',
    zlib: 'zlib1g',
    'openssl-libs': 'libssl3',
    'ncurses-libs': 'libtinfo6',
    'rtld(GNU_HASH)': 'libc6',
    'libc.so.6*': 'libc6',
  },
}

describe.skipIf(reason !== undefined)(`a migration${reason ? ` (skipped, because ${reason})` : ''}`, () => {
  test('from native rpms to Debian: rpm holds every image on the way', { timeout: 600_000 }, async () => {
    const locks = await realLocks({ certificates: EQUAL_LOCKS.certificates })
    const full = locks.get('certificates')
    if (!full) throw new Error('no lock')
    // Scripts are started by setpriv of util-linux.
    const to = await partOf(full, ['openssl', 'bash', 'coreutils', 'dash', 'util-linux'])
    const store = await storeWithPackages(join(place, 'store'), to)
    const from = await rpmLock(store, full)
    expect(askRpm(store, from)).toBe('')
    const without = { ...from, packages: from.packages.filter(({ name }) => name !== 'glibc') }
    expect(askRpm(store, without)).toContain('libc.so.6(GLIBC_2.34)(64bit) is needed by bash')

    const asked = { store, from, to, names: NAMES, hazardRules: [], progress: silent } as const
    await expect(planMigration({ ...asked, allowScripts: false })).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' })
    const { steps } = await planMigration({ ...asked, allowScripts: true })
    for (const { number, lock } of steps.slice(0, -1))
      expect(`step ${number}: ${askRpm(store, lock)}`).toBe(`step ${number}: `)
    await expectSonames(store, steps)
    await expectComposed(store, steps, [0, Math.floor(steps.length / 2)])

    const last = steps.at(-1)
    expect(last).toMatchObject({ kind: 'format', lock: to, moves: [{ name: 'filesystem' }, { name: 'setup' }] })
    const names = (lock: Lock | undefined) => lock?.packages.map(({ name }) => name) ?? []
    expect(names(steps.at(-2)?.lock)).toEqual([...names(to), 'filesystem', 'setup'].sort())
    // Both have the loader at one path, which every program names: the C libraries change places in one step, as the last but the layout.
    const loader = steps.find(({ moves }) => moves.some(({ name }) => name === 'libc6'))
    expect(loader?.moves.map(({ change, name }) => `${change} ${name}`)).toEqual(['removed glibc', 'added libc6'])
    expect(steps.find(({ moves }) => moves.some(({ name }) => name === 'bash'))?.moves).toMatchObject([
      { change: 'replaced', converted: true },
    ])
  })

  test.skipIf(process.env['MIGRATE'] !== 'all')(
    'from one release of Debian to the next: apt finds nothing to mend in any image on the way (skipped but in `make migrate`: a second release is fetched)',
    { timeout: 30 * 60_000 },
    async () => {
      const wanted = ['usr-is-merged', 'systemd-sysv', 'openssh-server', 'curl', 'nginx']
      const from = (await realLocks({ web: wanted })).get('web')
      const to = (await realLocks({ web: wanted }, { suite: 'trixie' })).get('web')
      if (!from || !to) throw new Error('no lock')
      const store = await storeWithPackages(join(place, 'store'), {
        ...from,
        packages: [...from.packages, ...to.packages],
      })
      const { steps } = await planMigration({
        ...{ store, from, to, names: { rpm: {}, deb: {} }, hazardRules: [], allowScripts: false, progress: silent },
      })
      expect(steps.length).toBeGreaterThan(50)
      for (const { number, lock } of steps) expect(`step ${number}: ${askApt(lock)}`).toBe(`step ${number}: `)
      const without = { ...to, packages: to.packages.filter(({ name }) => name !== 'zlib1g') }
      expect(askApt(without)).toContain('zlib1g')
      await expectSonames(store, steps)
      expect(steps.at(-1)?.lock).toEqual(to)
      expect(steps.flatMap(({ hazards }) => hazards.map(({ id }) => id))).toContain('collation')
    },
  )
})

const stanzas = new Map<string, string>()

/** A package's stanza of dpkg's status, as if it were installed. */
function stanzaOf(sha256: string): string {
  const known = stanzas.get(sha256)
  if (known !== undefined) return known
  const { stdout } = spawnSync('dpkg-deb', ['-f', keptPackage(`sha256:${sha256}`)], { encoding: 'utf8' })
  const stanza = stdout.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed')
  stanzas.set(sha256, stanza)
  return stanza
}

/** What apt says of a system that has exactly these packages: nothing if every relation holds. */
function askApt(lock: Lock): string {
  const directory = join(place, 'apt')
  for (const part of ['lists/partial', 'cache/archives/partial', 'etc'])
    mkdirSync(join(directory, part), { recursive: true })
  writeFileSync(join(directory, 'status'), lock.packages.map(({ sha256 }) => stanzaOf(sha256)).join('\n'))
  const option = (name: string, value: string) => ['-o', `${name}=${value}`]
  const { status, stdout, stderr } = spawnSync(
    'apt-get',
    [
      ...['check', '-q'],
      ...option('Dir::State', directory),
      ...option('Dir::State::status', join(directory, 'status')),
      ...option('Dir::Cache', join(directory, 'cache')),
      ...option('Dir::Etc', join(directory, 'etc')),
      ...option('Debug::NoLocking', '1'),
    ],
    { env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }, encoding: 'utf8' },
  )
  return status === 0 ? '' : `${stdout}${stderr}`
}

/** A small distribution of rpms with the names of Fedora, built of Debian's files. */
async function rpmLock(store: Store, debs: Lock): Promise<Lock> {
  const deb = (...names: string[]) =>
    names.map((name) => {
      const locked = debs.packages.find((item) => item.name === name)
      if (!locked) throw new Error(`no ${name}`)
      return keptPackage(`sha256:${locked.sha256}`)
    })
  const links = { bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' }
  const directories = [
    'dev',
    'home',
    'proc',
    'root',
    'run',
    'sys',
    'tmp',
    'usr/local',
    'var/cache',
    'var/lib',
    'var/log',
    'var/tmp',
  ]
  const accounts = { 'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n', 'etc/group': 'root:x:0:\n' }
  const libraries = deb(
    ...[
      'libacl1',
      'libattr1',
      'libgmp10',
      'libaudit1',
      'libblkid1',
      'libcap-ng0',
      'libcap2',
      'libcrypt1',
      'libgcrypt20',
    ],
    ...['libgpg-error0', 'liblz4-1', 'liblzma5', 'libmount1', 'libpam0g', 'libsmartcols1', 'libsystemd0', 'libudev1'],
    ...['libuuid1', 'libzstd1'],
  )
  const rpms = [
    { name: 'filesystem', version: '3.18', debs: [], links, directories, preamble: ['Requires: setup'] },
    { name: 'setup', version: '2.14', debs: [], files: accounts },
    { name: 'glibc', version: '2.36', debs: deb('libc6'), preamble: ['Provides: rtld(GNU_HASH)'] },
    { name: 'zlib', version: '1.2.13', debs: deb('zlib1g') },
    { name: 'openssl-libs', version: '3.0.1', debs: deb('libssl3'), preamble: ['Requires: glibc >= 2.34'] },
    { name: 'ncurses-libs', version: '6.4', debs: deb('libtinfo6') },
    { name: 'bash', version: '5.2.1', debs: deb('bash'), preamble: ['Provides: /bin/sh'] },
    { name: 'pcre2', version: '10.40', debs: deb('libpcre2-8-0') },
    { name: 'libselinux', version: '3.4', debs: deb('libselinux1'), preamble: ['Requires: pcre2 = 10.40-1'] },
    { name: 'libs', version: '1', debs: libraries },
    { name: 'util-linux', version: '2.38', debs: deb('util-linux') },
    { name: 'coreutils', version: '9.1', debs: deb('coreutils') },
  ]
  const packages = []
  for (const file of buildNativeRpms(rpms, place)) {
    const { record } = await formats.rpm.readPackage(file)
    expect(hexOf(store.put(readFileSync(file)))).toBe(record.sha256)
    packages.push(lockPackage({ record, from: 'native', priority: 500 }))
  }
  const snapshots = { native: store.putJson({ schema: 'native' }) }
  return {
    schema: 'holotype.lock/1',
    image: 'web',
    format: 'rpm',
    architecture: 'x86_64',
    snapshots,
    packages: packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
