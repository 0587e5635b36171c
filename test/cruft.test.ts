import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Digest, parseYaml, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import {
  compose,
  type Cruft,
  type CruftItem,
  diffImages,
  findCruft,
  layOut,
  leaveOut,
  readManifest,
  resolveSpec,
} from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { type Store, walkTree } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * What an image could do without: every claim about a real image is held against dpkg's database, readelf and the shell, and the image is composed
 * again without it. The lock has more than the spec asks for, as one has whose spec was cut back.
 */

const WANTED = ['usr-is-merged', 'less', 'rsync', 'openssl']
/** Locked, and no longer asked for: a program with a library of its own, and a library. */
const MORE = ['bc', 'libonig5']
const SPEC = `# a small server
packages: [${WANTED.join(', ')}]   # what it is for
prune:
  # bug reports are filed elsewhere
  paths:
    - /usr/share/bug/**
`

const reason =
  unfitForComposing() ?? (spawnSync('readelf', ['--version']).error ? 'there is no readelf (binutils)' : undefined)
const MINUTES = 60_000

describe.skipIf(reason !== undefined)(`cruft${reason ? ` (skipped, because ${reason})` : ''}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'holotype-cruft-'))
  let lock: Lock
  let store: Store
  let image: Digest
  let cruft: Cruft
  let root: string

  const composed = async (text: string, packages: Lock['packages']) => {
    const spec = resolveSpec(store, {
      name: 'small',
      spec: parseYaml({ file: 'images/small.yaml', text }, imageSchema),
      directory: '/',
    })
    return (await compose({ store, lock: { ...lock, packages }, spec, progress: silent })).image
  }

  beforeAll(async () => {
    const found = (await realLocks({ small: [...WANTED, ...MORE] })).get('small')
    if (!found) throw new Error('no lock')
    lock = found
    store = await storeWithPackages(join(base, 'store'), lock)
    image = await composed(SPEC, lock.packages)
    cruft = await findCruft(store, image)
    root = layOut(store, readManifest(store, image))
  }, 10 * MINUTES)

  afterAll(() => rmSync(base, { recursive: true, force: true }))

  const of = (name: CruftItem['class']) => cruft.items.filter((item) => item.class === name)
  const dpkg = (...args: readonly string[]) =>
    execFileSync('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, ...args], { encoding: 'utf8' })
  const ownerOf = (path: string) => dpkg('--search', `*/${basename(path)}`).split(':')[0] ?? ''
  const bytesOf = (paths: readonly string[]) =>
    paths.reduce((sum, path) => sum + (lstatSync(join(root, path)).isFile() ? lstatSync(join(root, path)).size : 0), 0)

  test('packages: what apt would remove, by the relations in dpkg’s own database', () => {
    // Autoremoval as apt does it: mark what was asked for and what is essential, follow Depends and Pre-Depends.
    const fields = '${Package}\t${Essential}\t${Provides}\t${Pre-Depends}, ${Depends}\n'
    const rows = dpkg('--show', `--showformat=${fields}`)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    const names = (list = '') => list.split(/[,|]/).flatMap((one) => /[a-z0-9][a-z0-9+.-]+/.exec(one)?.[0] ?? [])
    const offers = new Map(rows.map(([name = '', , provides]) => [name, new Set([name, ...names(provides)])]))
    const needs = new Map(rows.map(([name = '', , , depends]) => [name, names(depends)]))
    const marked = new Set(
      rows.flatMap(([name = '', essential]) => (essential === 'yes' || WANTED.includes(name) ? [name] : [])),
    )
    for (const name of marked)
      for (const need of needs.get(name) ?? [])
        for (const [other, offered] of offers) if (offered.has(need)) marked.add(other)
    const unmarked = [...offers.keys()].filter((name) => !marked.has(name))
    expect(unmarked).toEqual(expect.arrayContaining(MORE))
    expect(
      of('packages')
        .map(({ what }) => what)
        .sort(),
    ).toEqual(unmarked.sort())
    for (const { what, bytes } of of('packages')) {
      const owned = dpkg('--listfiles', what)
        .split('\n')
        .filter((path) => path !== '' && path !== '/.')
      const there = owned.filter((path) => lstatSync(join(root, path), { throwIfNoEntry: false }))
      expect(bytes, what).toBe(bytesOf(there))
    }
  })

  test('libraries: readelf finds no file that needs one, or cruft alone does; no program holds its name', () => {
    expect(of('libraries').length).toBeGreaterThan(5)
    const dynamic = dynamicFiles(root)
    const going = new Set(of('libraries').map(({ what }) => what))
    const removed = new Set(of('packages').map(({ what }) => what))
    expect(dynamic.length).toBeGreaterThan(200)
    for (const item of of('libraries')) {
      const soname = dynamic.find(({ path }) => path === item.what)?.soname ?? basename(item.what)
      const needing = dynamic.filter(({ path, needed }) => needed.includes(soname) && !going.has(path))
      expect(
        needing.map(({ path }) => path),
        item.what,
      ).toEqual([])
      expect(item.bytes).toBe(bytesOf([item.what]))
      expect(removed.has(ownerOf(item.what)), item.what).toBe(false)
    }
    const names = of('libraries').flatMap(({ what }) => ['-e', basename(what).replace(/\.so.*/, '.so')])
    const programs = ['usr/bin', 'usr/sbin'].map((path) => join(root, path))
    const naming = spawnSync('grep', ['-rlFa', ...names, ...programs], { encoding: 'utf8' })
    expect([naming.status, naming.stdout]).toEqual([1, ''])
    // And every library of the linker's directory that is not named is needed, or is shown with who may load it.
    const kept = new Set(cruft.kept.map(({ what }) => what))
    const needed = new Set(dynamic.filter(({ path }) => !going.has(path)).flatMap((file) => file.needed))
    const libraries = dynamic.filter(({ path }) => /^\/usr\/lib\/[a-z0-9_]+-linux-gnu\/[^/]*\.so[^/]*$/.test(path))
    const unneeded = libraries.filter(
      ({ path, soname }) => !needed.has(soname ?? basename(path)) && !going.has(path) && !kept.has(path),
    )
    expect(unneeded.filter(({ path }) => !removed.has(ownerOf(path)))).toEqual([])
  })

  test('files without owner: none. Translations and documentation: as find counts them', () => {
    expect(of('unowned')).toEqual([])
    const counted = (...args: readonly string[]) =>
      execFileSync('find', [root, '(', ...args, ')', '!', '-type', 'd', '-printf', '%P\n'], { encoding: 'utf8' })
        .split('\n')
        .filter((path) => path !== '')
    const removed = of('packages').flatMap(({ what }) =>
      dpkg('--listfiles', what)
        .split('\n')
        .map((path) => path.slice(1)),
    )
    const beside = (paths: readonly string[]) => paths.filter((path) => !removed.includes(path))
    const info = beside(counted('-path', `${root}/usr/share/info/*`))
    expect(sum(of('info'), 'files')).toBe(info.length)
    const locales = beside(
      counted(
        '-path',
        `${root}/usr/share/locale/*/*`,
        '-o',
        '-regex',
        '.*/usr/share/man/[a-z][a-z_A-Z@.0-9]*[^0-9]/.*',
      ),
    ).filter((path) => !/man\/man\d/.test(path))
    expect(sum(of('locales'), 'files')).toBe(locales.length)
    expect(sum(of('locales'), 'bytes')).toBe(bytesOf(locales))
  })

  test(
    'the spec that leaves all of it out keeps what it says, and composes to an image without it',
    async () => {
      const { text, diff } = leaveOut({ file: 'images/small.yaml', text: SPEC }, cruft.items)
      for (const line of SPEC.split('\n')) expect(text.split('\n')).toContain(line)
      expect(diff.split('\n').filter((line) => line.startsWith('-') && !line.startsWith('---'))).toEqual([])
      const removed = new Set(of('packages').map(({ what }) => what))
      const spec = parseYaml({ file: 'images/small.yaml', text }, imageSchema)
      expect(new Set(spec.exclude)).toEqual(removed)

      // What is locked from that spec: resolved by the solver from the same snapshot.
      const again = await realLocks({ small: WANTED })
      const packages = again.get('small')?.packages ?? []
      expect(packages.filter(({ name }) => removed.has(name))).toEqual([])
      expect(packages.length).toBe(lock.packages.length - removed.size)
      const lean = await composed(text, packages)

      const before = new Map(
        [...walkTree(store, readManifest(store, image).root.tree)].map(({ path, entry }) => [`/${path}`, entry]),
      )
      const after = new Map(
        [...walkTree(store, readManifest(store, lean).root.tree)].map(({ path, entry }) => [`/${path}`, entry]),
      )
      for (const { what } of of('libraries')) expect([before.has(what), after.has(what)]).toEqual([true, false])
      expect([...after.keys()].filter((path) => /^\/usr\/share\/(man|info)\/./.test(path))).toEqual([])
      // No program lost a library, and less is left to do without.
      expect(diffImages(store, image, lean).diff.sonames).toEqual([])
      const left = await findCruft(store, lean)
      expect(left.sums).toEqual([])

      // Its programs still run, with what the linker finds in that root alone.
      const lower = layOut(store, readManifest(store, lean))
      for (const [program, ...args] of [
        ['openssl', 'version'],
        ['rsync', '--version'],
        ['less', '--version'],
        ['perl', '-v'],
        ['getent', 'passwd', 'root'],
      ] as const)
        expect(spawnSync('chroot', [lower, program, ...args], { encoding: 'utf8' }), program).toMatchObject({
          status: 0,
          stderr: '',
        })
    },
    5 * MINUTES,
  )
})

function sum(items: readonly CruftItem[], key: 'files' | 'bytes'): number {
  return items.reduce((total, item) => total + item[key], 0)
}

const OUTPUT_BYTES = 64 * 1024 * 1024
const ELF = Buffer.from('\x7fELF', 'latin1')

/** What readelf says of every dynamically linked file below a root; links are not followed. */
function dynamicFiles(root: string) {
  const files = execFileSync('find', [root, '-type', 'f', '!', '-empty'], { encoding: 'utf8', maxBuffer: OUTPUT_BYTES })
    .trimEnd()
    .split('\n')
    .filter((path) => readFileSync(path).subarray(0, 4).equals(ELF))
  const said = spawnSync('readelf', ['--dynamic', '--wide', ...files], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES,
  }).stdout
  return said.split(/^File: /m).flatMap((text) => {
    const all = (tag: string) =>
      [...text.matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, 'g'))].map((match) => match[1] ?? '')
    const path = text.slice(root.length, text.indexOf('\n'))
    return text.includes('Dynamic section') ? [{ path, soname: all('SONAME')[0], needed: all('NEEDED') }] : []
  })
}
