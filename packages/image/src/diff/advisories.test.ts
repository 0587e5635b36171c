import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import type { KnownAdvisory } from './advisories.ts'
import { diffImages } from './diff-images.ts'
import { storeImage, type SyntheticPackage } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const store = openStore(join(temporaryDirectory(), 'store'))
const about = { id: 'A-1', title: 'a hole', severity: 'high', package: 'ssl' }

function changes(
  before: readonly SyntheticPackage[],
  after: readonly SyntheticPackage[],
  advisories: readonly KnownAdvisory[],
  formats: readonly ['deb' | 'rpm', 'deb' | 'rpm'] = ['rpm', 'rpm'],
): readonly string[] {
  const image = (packages: readonly SyntheticPackage[], format: 'deb' | 'rpm') =>
    storeImage(store, { packages, format })
  const { diff } = diffImages(store, image(before, formats[0]), image(after, formats[1]), { advisories })
  return (diff.advisories ?? []).map((one) => `${one.change} ${one.id} ${one.package} ${one.from} ${one.to}`)
}

/** A package of one build, and another one of its source. */
const ssl = (version: string, sourceVersion = version): SyntheticPackage[] => [
  { name: 'ssl', version, source: 'ssl-source', sourceVersion },
  { name: 'ssl-libs', version, source: 'ssl-source', sourceVersion },
]

describe('advisories that name', () => {
  it('packages: by the versions of those, told of once for their source', () => {
    const known = ['ssl', 'ssl-libs'].map(
      (name) => ({ ...about, package: name, isBinary: true, fixed: '2-1' }) as const,
    )
    expect(changes(ssl('1-1', '9-1'), ssl('2-1', '9-1'), known)).toEqual(['fixed A-1 ssl-source 1-1 2-1'])
    expect(changes(ssl('2-1'), ssl('1-1'), known)).toEqual(['brought A-1 ssl-source 2-1 1-1'])
    expect(changes([], ssl('1-1'), known)).toEqual(['brought A-1 ssl-source undefined 1-1'])
    // A source of that name is another thing.
    expect(changes(ssl('1-1'), ssl('2-1'), [{ ...about, fixed: '2-1' }])).toEqual([])
  })

  it('several ranges: from one that is open to another one nothing is fixed', () => {
    const source = { ...about, package: 'ssl-source' }
    const ranges = [
      { ...source, fixed: '1-5' },
      { ...source, introduced: '2-1', fixed: '2-5' },
    ]
    expect(changes(ssl('1-1'), ssl('2-2'), ranges)).toEqual([])
    expect(changes(ssl('1-1'), ssl('1-5'), ranges)).toEqual(['fixed A-1 ssl-source 1-1 1-5'])
    expect(changes(ssl('1-5'), ssl('2-1'), ranges)).toEqual(['brought A-1 ssl-source 1-5 2-1'])
    expect(changes(ssl('1-5'), ssl('2-5'), ranges)).toEqual([])
  })

  it('the last version that is open', () => {
    const known = [{ ...about, package: 'ssl-source', introduced: '2-1', lastAffected: '2-3' }]
    expect(changes(ssl('2-3'), ssl('2-4'), known)).toEqual(['fixed A-1 ssl-source 2-3 2-4'])
    expect(changes(ssl('2-2'), ssl('2-3'), known)).toEqual([])
  })

  it('builds of several streams: where one of the images has that very build', () => {
    const known = ['1-9', '2-9'].map((fixed) => ({ ...about, isBinary: true, ofStream: true, fixed }) as const)
    expect(changes(ssl('1-1'), ssl('1-9'), known)).toEqual(['fixed A-1 ssl-source 1-1 1-9'])
    expect(changes(ssl('1-9'), ssl('1-1'), known)).toEqual(['brought A-1 ssl-source 1-9 1-1'])
    // Of a third stream nothing is said.
    expect(changes(ssl('0-1'), ssl('0-9'), known)).toEqual([])
    expect(changes(ssl('1-1'), ssl('3-1'), known)).toEqual([])
  })

  it('what both images have, or what only one format knows: nothing', () => {
    const known = [{ ...about, package: 'ssl-source', fixed: '2-1' }]
    expect(changes(ssl('1-1'), ssl('1-1'), known)).toEqual([])
    expect(changes(ssl('1-1'), ssl('2-1'), known, ['rpm', 'deb'])).toEqual([])
  })
})
