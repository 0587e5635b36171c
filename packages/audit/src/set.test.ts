import { digestOf } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalSet, compareEntries, setDigest, setText } from './set.ts'
import { entry, sets } from './testing/arbitrary.ts'

describe('canonicalSet', () => {
  it('sorts by name, architecture and version, each once', () => {
    const shuffled = [
      { name: 'libc6', version: '2.36', architecture: 'i386' },
      { name: 'zlib', version: '1', architecture: 'amd64' },
      { name: 'libc6', version: '2.36', architecture: 'amd64' },
      { name: 'kernel', version: '6.2', architecture: 'x86_64' },
      { name: 'kernel', version: '6.1', architecture: 'x86_64' },
      { name: 'zlib', version: '1', architecture: 'amd64' },
    ]
    expect(canonicalSet(shuffled).map((one) => `${one.name}:${one.architecture} ${one.version}`)).toEqual([
      'kernel:x86_64 6.1',
      'kernel:x86_64 6.2',
      'libc6:amd64 2.36',
      'libc6:i386 2.36',
      'zlib:amd64 1',
    ])
  })

  it('is the same for any order and any repetition', () => {
    const shuffled = sets.chain((set) =>
      fc.record({ set: fc.constant(set), other: fc.shuffledSubarray([...set, ...set], { minLength: set.length * 2 }) }),
    )
    fc.assert(
      fc.property(shuffled, ({ set, other }) => {
        expect(canonicalSet(other)).toEqual(canonicalSet(set))
      }),
    )
  })

  it('is its own canonical form, in strict order', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const once = canonicalSet(set)
        expect(canonicalSet(once)).toEqual(once)
        for (const [index, one] of once.entries()) {
          const before = once[index - 1]
          if (before) expect(compareEntries(before, one)).toBe(-1)
        }
      }),
    )
  })

  it('leaves out what an entry has besides', () => {
    const installed = { name: 'a', version: '1', architecture: 'all', source: 'a', state: 'installed' }
    expect(setText([installed])).toBe('[{"architecture":"all","name":"a","version":"1"}]')
  })
})

describe('setDigest', () => {
  it('is the digest of the text that is sent', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(setDigest(set)).toBe(digestOf(setText(set)))
      }),
    )
  })

  it('differs when one entry is more', () => {
    const grown = fc
      .record({ set: sets, more: entry })
      .filter(({ set, more }) => !set.some((one) => compareEntries(one, more) === 0))
    fc.assert(
      fc.property(grown, ({ set, more }) => {
        expect(setDigest([...set, more])).not.toBe(setDigest(set))
      }),
    )
  })

  it('does not depend on the locale', () => {
    // Under a locale's rules these would sort the other way round.
    const names = ['a', 'B', 'ä', 'z'].map((name) => ({ name, version: '1', architecture: 'all' }))
    expect(canonicalSet(names).map(({ name }) => name)).toEqual(['B', 'a', 'z', 'ä'])
  })
})
