import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { renderUpdateinfo } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { storeImage } from '../diff/testing/synthetic-image.ts'
import { temporaryDirectory } from '../diff/testing/temporary.ts'
import { upstreamAdvisories } from './of-snapshots.ts'

const store = openStore(join(temporaryDirectory(), 'store'))

const build = (name: string, version: string, architecture = 'x86_64') => ({
  ...{ name, version, architecture, source: `${name}.src.rpm`, filename: `${name}.rpm` },
})

/** A snapshot of an upstream that says of these packages that they are mended. */
function snapshotWith(id: string, packages: readonly ReturnType<typeof build>[], isModule = false) {
  const empty = { from: '', status: '', rights: '', release: '', summary: '', description: '', solution: '' }
  const about = { type: 'security', severity: 'Low', title: 't', issued: '2026-01-01T00:00:00.000Z', updated: '' }
  const module = { name: 'm', stream: '1', version: '1', context: 'c', arch: 'x86_64' }
  const collection = { short: '', name: '', packages, ...(isModule ? { module } : {}) }
  const text = renderUpdateinfo([{ ...empty, ...about, id, references: [], collections: [collection] }])
  const suite = { suite: '', codename: '', pocket: 'url', date: null, base: null, indexes: [] }
  return store.putJson({
    ...{ schema: 'holotype.snapshot/1', name: 'alma', format: 'rpm', architecture: 'x86_64' },
    suites: [{ ...suite, advisories: store.put(Buffer.from(text)) }],
  })
}

const image = (...snapshots: readonly ReturnType<typeof digestOf>[]) =>
  storeImage(store, {
    format: 'rpm',
    snapshots: Object.fromEntries(snapshots.map((digest, at) => [String(at), digest])),
  })

test('of both images, each once, for the architecture, by the lowest build', () => {
  const old = snapshotWith('A', [build('ssl', '1-2'), build('ssl', '1-1'), build('ssl', '1-0', 'aarch64')])
  const next = snapshotWith('B', [build('data', '3-1', 'noarch')])
  const said = { title: 't', severity: 'Low', isBinary: true }
  expect(upstreamAdvisories(store, [image(old), image(old, next)])).toEqual({
    advisories: [
      { ...said, id: 'A', package: 'ssl', fixed: '1-1' },
      { ...said, id: 'B', package: 'data', fixed: '3-1' },
    ],
    missing: [],
  })
})

test('of modules each build', () => {
  const snapshot = snapshotWith('M', [build('perl', '5-1'), build('perl', '6-1')], true)
  const { advisories } = upstreamAdvisories(store, [image(snapshot)])
  expect(advisories.map(({ fixed, ofStream }) => [fixed, ofStream])).toEqual([
    ['5-1', true],
    ['6-1', true],
  ])
})

test('a snapshot that is not here is named', () => {
  const absent = digestOf('absent')
  expect(upstreamAdvisories(store, [image(absent)])).toEqual({ advisories: [], missing: [absent] })
})
