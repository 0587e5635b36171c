import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hexOf, silent } from '@holotype/base'
import { formats } from '@holotype/formats'
import { type Lock, lockPackage } from '@holotype/solver'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { planMigration } from './plan-migration.ts'

const base = temporaryDirectory()
const store = openStore(join(base, 'store'))
const TIME = 1_700_000_000

interface Made {
  readonly name: string
  readonly version: string
  readonly relations?: readonly (readonly [string, string])[]
  readonly files?: Readonly<Record<string, string>>
}

/** A lock of packages made for it, each with the files given and one of its own. */
async function lockOf(format: 'deb' | 'rpm', image: string, packages: readonly Made[]): Promise<Lock> {
  const locked = []
  for (const { name, version, relations = [], files = {} } of packages) {
    const path = join(base, `${image}-${name}.${format}`)
    const heads = {
      deb: [
        ...[['Package', name] as const, ['Version', version] as const, ['Architecture', 'amd64'] as const],
        ...[['Maintainer', 'Jane Doe <jane@example.org>'] as const, ['Description', 'a sample'] as const],
      ],
      rpm: [
        ...[['NAME', name] as const, ['VERSION', version] as const, ['RELEASE', '1'] as const],
        ...[['ARCH', 'x86_64'] as const, ['SUMMARY', 'a sample'] as const, ['LICENSE', 'MIT'] as const],
      ],
    }
    await formats[format].writePackage(path, {
      fields: [...heads[format], ...relations],
      control: new Map(),
      payload: Object.entries({ [`usr/share/${name}/version`]: `${image} ${version}`, ...files }).map(
        ([file, text]) => {
          const bytes = Buffer.from(text)
          const owned = { uid: 0, gid: 0, owner: 'root', group: 'root', mtime: TIME }
          return { path: file, type: 'file', mode: 0o644, ...owned, size: bytes.length, bytes }
        },
      ),
      epoch: TIME,
    })
    const { record } = await formats[format].readPackage(path)
    expect(hexOf(store.put(readFileSync(path)))).toBe(record.sha256)
    locked.push(lockPackage({ record, from: 'upstream', priority: 0 }))
  }
  return {
    schema: 'holotype.lock/1',
    image,
    format,
    architecture: format === 'deb' ? 'amd64' : 'x86_64',
    snapshots: { upstream: store.putJson({ of: image }) },
    packages: locked.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

const TIMEOUT_MS = 120_000
const common = { store, allowScripts: false, hazardRules: [], progress: silent } as const
const depends = (text: string) => [['Depends', text]] as const

test('one release becomes the next: minimal steps, locks with the snapshots of both, hazards where versions cross', {
  timeout: TIMEOUT_MS,
}, async () => {
  const old = await lockOf('deb', 'old', [
    { name: 'libc6', version: '2.36', relations: [['Source', 'glibc']] },
    { name: 'tool', version: '1', relations: depends('libz1 (<< 2), libc6') },
    { name: 'libz1', version: '1', relations: depends('libc6') },
    { name: 'gone', version: '1' },
  ])
  const next = await lockOf('deb', 'next', [
    { name: 'libc6', version: '2.41', relations: [['Source', 'glibc']] },
    { name: 'tool', version: '2', relations: depends('libz1 (>= 2), libc6') },
    { name: 'libz1', version: '2', relations: depends('libc6 (>= 2.40)') },
  ])
  const { steps, same } = await planMigration({ ...common, from: old, to: next, names: { rpm: {}, deb: {} } })
  expect(same).toBe(0)
  expect(steps.map(({ moves }) => moves.map(({ change, name }) => `${change} ${name}`))).toEqual([
    ['removed gone'],
    ['replaced libc6'],
    ['replaced libz1', 'replaced tool'],
  ])
  expect(steps.map(({ hazards }) => hazards.map(({ id }) => id))).toEqual([[], ['collation'], []])
  expect(steps[2]?.moves.map(({ tie }) => tie)).toEqual([
    { kind: 'needs', package: 'tool', relation: 'libz1 (>= 2)' },
    { kind: 'needs', package: 'tool', relation: 'libz1 (<< 2)' },
  ])
  // Both call their upstream alike; the two states are told apart as long as both are there.
  expect(steps[1]?.lock).toMatchObject({
    image: 'old',
    snapshots: { upstream: old.snapshots['upstream'], 'next/upstream': next.snapshots['upstream'] },
    packages: [{ name: 'libc6', version: '2.41', from: 'next/upstream' }, { from: 'upstream' }, { from: 'upstream' }],
  })
  expect(steps[2]?.lock).toBe(next)
})

test('an image of debs takes rpms in by the names that it asks for, and becomes one of rpms last', {
  timeout: TIMEOUT_MS,
}, async () => {
  const old = await lockOf('deb', 'debs', [
    { name: 'libz1', version: '1.2' },
    { name: 'tool', version: '1', relations: depends('libz1 (>= 1.1)') },
    { name: 'dpkg', version: '1.21' },
  ])
  const next = await lockOf('rpm', 'rpms', [
    { name: 'zlib', version: '1.3' },
    { name: 'tool', version: '2', relations: [['REQUIRES', 'zlib']] },
    { name: 'rpm', version: '4.18' },
  ])
  const names = { rpm: { libz1: 'zlib' }, deb: { zlib: 'libz1' } }
  const { steps } = await planMigration({ ...common, from: old, to: next, names })
  expect(steps.map(({ moves }) => moves.map(({ change, name }) => `${change} ${name}`))).toEqual([
    ['added zlib'],
    ['removed libz1'],
    ['replaced tool'],
    // The package managers move last.
    ['added rpm'],
    ['removed dpkg'],
  ])
  expect(steps.map(({ kind, lock }) => `${kind} ${lock.format}`)).toEqual([
    'packages deb',
    'packages deb',
    'packages deb',
    'packages deb',
    'format rpm',
  ])
  const zlib = steps[0]?.lock.packages.find(({ name }) => name === 'zlib')
  const { record } = await formats.deb.readPackage(store.pathOf(`sha256:${zlib?.sha256}`))
  expect(record.provides).toContainEqual({ name: 'libz1', operator: '=', version: '1.3-1' })
})

test('what cannot be mixed is refused', { timeout: TIMEOUT_MS }, async () => {
  const deb = await lockOf('deb', 'one', [{ name: 'a', version: '1' }])
  const plan = (to: Lock) => planMigration({ ...common, from: deb, to, names: { rpm: {}, deb: {} } })
  await expect(plan({ ...deb, format: 'alpm' })).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' })
  await expect(plan({ ...deb, architecture: 'arm64' })).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' })
})
