import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf } from '@holotype/base'
import { loadDistribution } from '@holotype/distribution'
import { buildTree, openStore } from '@holotype/store'
import { afterAll, expect, test } from 'vitest'
import { differenceOf } from './difference.ts'

const base = mkdtempSync(join(tmpdir(), 'holotype-difference-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))
const store = openStore(join(base, 'store'))

/** An image that holds one package and no file. */
function imageWith(format: 'deb' | 'rpm', version: string, snapshot: Digest): Digest {
  const architecture = format === 'deb' ? 'amd64' : 'x86_64'
  const item = { name: 'libssl3', version, architecture }
  const file = { size: 1, sha256: 'a'.repeat(64), from: 'up', source: 'openssl', sourceVersion: version }
  const packages = [{ ...item, ...file }]
  const lock = { schema: 'holotype.lock/1', image: 'web', format, architecture, snapshots: { up: snapshot }, packages }
  const { digest: tree, stats } = buildTree(store, [])
  return store.putJson({
    ...{ schema: 'holotype.image/1', name: 'web', format, architecture, stats, exclusions: [], triggers: [] },
    ...{ root: { tree, mode: 0o755, uid: 0, gid: 0, mtime: 1 }, lock: store.putJson(lock), spec: store.putJson({}) },
    ...{ packages: store.putJson([item]), owners: store.putJson({}) },
  })
}

async function advisories(upstream: string, from: Digest, to: Digest) {
  const directory = join(base, 'acme')
  mkdirSync(join(directory, 'advisories'), { recursive: true })
  writeFileSync(join(directory, 'holotype.yaml'), `name: acme\nupstreams:\n  up: ${upstream}\n`)
  const ranges = (events: readonly object[]) => [{ type: 'ECOSYSTEM', events }]
  const of = (ecosystem: string) => ({ ecosystem, name: 'openssl' })
  const record = {
    ...{ id: 'DSA-1-1', summary: 'openssl', database_specific: { severity: 'HIGH' } },
    affected: [
      { package: of('Debian:12'), ranges: ranges([{ introduced: '0' }, { fixed: '3.0.2-1' }]) },
      { package: of('Debian:13'), ranges: ranges([{ introduced: '0' }]) },
    ],
  }
  const unranged = { id: 'DSA-2-1', affected: [{ package: of('Debian:12'), versions: ['1'] }] }
  writeFileSync(join(directory, 'advisories/debian.json'), JSON.stringify([record, unranged]))
  const warnings: string[] = []
  const context = {
    distribution: async () => loadDistribution(directory),
    progress: (event: { readonly kind: string; readonly text?: string }) => void warnings.push(event.text ?? ''),
  }
  const { diff } = await differenceOf(context, store, { from, to })
  return {
    told: (diff.advisories ?? []).map(
      ({ change, id, severity, package: name, from: old, to: next }) =>
        `${change} ${id} ${severity} ${name} ${old} ${next}`,
    ),
    warnings,
  }
}

const DEBIAN = '{ format: deb, from: host, pockets: [release]'

test('what a file of OSV records says of the release is told of debs', async () => {
  const given = `${DEBIAN}, advisories: { osv: advisories/debian.json, ecosystem: "Debian:12" } }`
  const images = ['3.0.1-1', '3.0.2-1'].map((version) => imageWith('deb', version, digestOf('x')))
  const [old, next] = images
  if (!old || !next) throw new Error('no image')
  expect(await advisories(given, old, next)).toEqual({
    told: ['fixed DSA-1-1 HIGH openssl 3.0.1-1 3.0.2-1'],
    warnings: [expect.stringContaining('name no range of versions are left out: 1, DSA-2-1 among them')],
  })
  expect((await advisories(given, next, old)).told).toEqual(['brought DSA-1-1 HIGH openssl 3.0.2-1 3.0.1-1'])
  expect((await advisories(given.replace(':12', ':13'), old, next)).told).toEqual([])
  expect((await advisories(`${DEBIAN} }`, old, next)).told).toEqual([])
})

test("what an rpm upstream says is told of the packages of its snapshot's images; a snapshot that is not here is told of", async () => {
  const updateinfo = `<updates><update type="security"><id>RHSA-1</id><title>openssl</title><severity>Important</severity>
    <pkglist><collection><package name="libssl3" version="3.0.2" release="1" arch="x86_64"/></collection></pkglist></update></updates>`
  const suite = { suite: '', codename: '', pocket: 'url', date: null, base: null, indexes: [] }
  const snapshot = store.putJson({
    ...{ schema: 'holotype.snapshot/1', name: 'up', format: 'rpm', architecture: 'x86_64' },
    suites: [{ ...suite, advisories: store.put(Buffer.from(updateinfo)) }],
  })
  const rpm = '{ format: rpm, url: "http://127.0.0.1", unsigned: true }'
  const old = imageWith('rpm', '3.0.1-1', digestOf('absent'))
  const { told, warnings } = await advisories(rpm, old, imageWith('rpm', '3.0.2-1', snapshot))
  expect(told).toEqual(['fixed RHSA-1 Important openssl 3.0.1-1 3.0.2-1'])
  expect(warnings).toEqual([expect.stringContaining('is not on this machine: what its advisories say is missing')])
})
