import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { type LockSource, makeLock } from './make-lock.ts'

const store = openStore(temporaryDirectory())

interface Offered {
  readonly name: string
  readonly version: string
  readonly depends?: string
  readonly recommends?: string
}

/** A snapshot that offers some packages. */
function source(name: string, priority: number, offered: readonly Offered[]): LockSource {
  const records = offered.map((item) => ({
    name: item.name,
    version: item.version,
    architecture: 'amd64',
    source: item.name,
    sourceVersion: item.version,
    essential: false,
    priority: 'optional',
    section: 'misc',
    multiArch: 'no',
    depends: formats.deb.parseDependencies(item.depends ?? ''),
    preDepends: [],
    recommends: formats.deb.parseDependencies(item.recommends ?? ''),
    provides: [],
    conflicts: [],
    breaks: [],
    replaces: [],
    size: 10,
    installedSize: 1,
    sha256: store.put(Buffer.from(`${name} ${item.name} ${item.version}`)).slice('sha256:'.length),
    filename: `pool/${item.name}.deb`,
    description: 'a sample',
  }))
  const index = { component: 'main', form: 'records', digest: store.putJson(records) }
  const suite = {
    suite: name,
    codename: name,
    pocket: 'own',
    date: null,
    base: null,
    inRelease: null,
    indexes: [index],
  }
  const snapshot = { schema: 'holotype.snapshot/1', name, format: 'deb', architecture: 'amd64', suites: [suite] }
  return { name, digest: store.putJson(snapshot), priority }
}

const upstream = source('debian', 500, [
  { name: 'tool', version: '2', depends: 'lib (>= 1)', recommends: 'doc' },
  { name: 'lib', version: '1' },
  { name: 'lib', version: '3' },
  { name: 'doc', version: '1' },
])
const own = source('own', 900, [{ name: 'lib', version: '2' }])

function lockOf(sources: readonly LockSource[], more: Partial<Parameters<typeof makeLock>[0]> = {}) {
  return makeLock({ store, image: 'web', format: 'deb', architecture: 'amd64', sources, install: ['tool'], ...more })
}
const names = (made: ReturnType<typeof makeLock>) =>
  made.lock.packages.map(({ name, version, from }) => [name, version, from])

test('names exact packages, where each was found, and the snapshots', () => {
  const made = lockOf([upstream])
  expect(names(made)).toEqual([
    ['lib', '3', 'debian'],
    ['tool', '2', 'debian'],
  ])
  expect(made.lock).toMatchObject({ schema: 'holotype.lock/1', image: 'web', snapshots: { debian: upstream.digest } })
})

test('our own repository wins before any version; the order of sources does not matter', () => {
  const made = lockOf([upstream, own])
  expect(names(made)[0]).toEqual(['lib', '2', 'own'])
  expect(lockOf([own, upstream]).lock.packages).toEqual(made.lock.packages)
})

test('what was locked before stays while it fits; recommends and exclusions are followed', () => {
  const before = lockOf([upstream, own]).lock.packages
  expect(names(lockOf([upstream], { locked: before }))[0]).toEqual(['lib', '3', 'debian'])
  expect(names(lockOf([upstream], { recommends: true })).map(([name]) => name)).toContain('doc')
  expect(names(lockOf([upstream], { recommends: true, exclude: ['doc'] })).map(([name]) => name)).not.toContain('doc')
})

test('an unknown package and a missing snapshot are told', () => {
  expect(() => lockOf([upstream], { install: ['nothing'] })).toThrow(
    expect.objectContaining({ code: 'RESOLVE_UNKNOWN_PACKAGE' }),
  )
  const lost = { ...upstream, digest: `sha256:${'0'.repeat(64)}` as const }
  expect(() => lockOf([lost])).toThrow(expect.objectContaining({ code: 'OBJECT_MISSING' }))
})
