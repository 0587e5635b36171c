import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { candidate } from './testing/packages.ts'
import type { Pin, ResolveRequest } from './types.ts'
import { prepareUniverse } from './universe.ts'

function names(candidates: readonly Candidate[], install: readonly string[], more: Partial<ResolveRequest> = {}) {
  const { packages } = resolve({ format: formats.deb, architecture: 'amd64', candidates, install, ...more })
  return packages.map(({ record }) => `${record.name} ${record.version}`)
}

describe('versions', () => {
  const two = [candidate('a 1'), candidate('a 2')]
  it('takes the newest', () => expect(names(two, ['a'])).toEqual(['a 2']))
  it('takes the version asked for', () => expect(names(two, ['a=1'])).toEqual(['a 1']))
  it('prefers the locked version', () => {
    const locked = [{ ...candidate('a 1').record, from: 'debian' }]
    expect(names(two, ['a'], { locked })).toEqual(['a 1'])
    expect(names(two, ['a=2'], { locked })).toEqual(['a 2'])
  })
  it('prefers a source of higher priority to a newer version', () => {
    const own = candidate('a 1', { from: 'own', sourcePriority: 900 })
    expect(names([own, candidate('a 2')], ['a'])).toEqual(['a 1'])
  })
  it('goes back to an older version when the newest does not fit', () => {
    const universe = [candidate('a 2', { depends: 'b (>= 2)' }), candidate('a 1', { depends: 'b' }), candidate('b 1')]
    expect(names(universe, ['a'])).toEqual(['a 1', 'b 1'])
  })
  it('takes one version of a name that suits all', () => {
    const universe = [
      candidate('x 1', { depends: 'lib (>= 1)' }),
      candidate('y 1', { depends: 'lib (<< 3)' }),
      candidate('lib 3'),
      candidate('lib 2'),
    ]
    expect(names(universe, ['x', 'y'])).toEqual(['lib 2', 'x 1', 'y 1'])
  })
  it('keeps a file offered twice by a snapshot once; of two snapshots either may be pinned', () => {
    const one = candidate('a 1', { from: 'x' })
    const of = (...candidates: readonly Candidate[]) =>
      prepareUniverse({ format: formats.deb, architecture: 'amd64', candidates })
    expect(of(one, one).named('a')).toHaveLength(1)
    const twice = of(one, { ...one, from: 'y' })
    const from = (pinned: readonly Pin[]) =>
      resolve({ format: formats.deb, architecture: 'amd64', candidates: twice, install: ['a'], pinned }).packages.map(
        (chosen) => chosen.from,
      )
    expect(from([])).toEqual(['x'])
    expect(from([{ name: 'a', from: 'y' }])).toEqual(['y'])
  })
})

describe('dependencies', () => {
  it('closes over Depends and Pre-Depends, and not over Recommends', () => {
    const universe = [
      candidate('a 1', { depends: 'b', preDepends: 'c', recommends: 'r' }),
      candidate('b 1'),
      candidate('c 1'),
      candidate('r 1'),
    ]
    expect(names(universe, ['a'])).toEqual(['a 1', 'b 1', 'c 1'])
    expect(names(universe, ['a'], { recommends: true })).toEqual(['a 1', 'b 1', 'c 1', 'r 1'])
  })
  it('drops what is recommended where it cannot be installed, and tries its other alternative first', () => {
    const universe = [
      candidate('a 1', { recommends: 'r | s, t, absent' }),
      candidate('r 1', { conflicts: 'a' }),
      candidate('s 1'),
      candidate('t 1', { depends: 'absent' }),
    ]
    expect(names(universe, ['a'], { recommends: true })).toEqual(['a 1', 's 1'])
  })
  it('never gives up a dependency for a recommendation', () => {
    const universe = [
      candidate('a 1', { recommends: 'r', depends: 'p | q' }),
      candidate('p 1', { conflicts: 'r' }),
      candidate('q 1'),
      candidate('r 1'),
    ]
    expect(names(universe, ['a'], { recommends: true })).toEqual(['a 1', 'p 1'])
  })
  it('takes the first alternative, or one that is wanted anyway, in whatever order they are met', () => {
    const universe = [
      candidate('a 1', { depends: 'p | q' }),
      candidate('b 1', { depends: 'c' }),
      candidate('c 1', { depends: 'q' }),
      candidate('p 1'),
      candidate('q 1'),
    ]
    expect(names(universe, ['a'])).toEqual(['a 1', 'p 1'])
    expect(names(universe, ['a', 'b'])).toEqual(['a 1', 'b 1', 'c 1', 'q 1'])
  })
  it('survives a circle', () => {
    const universe = [candidate('a 1', { depends: 'b' }), candidate('b 1', { depends: 'a' })]
    expect(names(universe, ['a'])).toEqual(['a 1', 'b 1'])
  })
  it('adds extra relations', () => {
    const universe = [candidate('a 1'), candidate('b 1'), candidate('c 1')]
    expect(names(universe, ['a'], { extra: [[{ name: 'zz' }, { name: 'b' }]] })).toEqual(['a 1', 'b 1'])
  })
  it('takes essential packages with their closure, unless told not to or they are excluded', () => {
    const universe = [
      candidate('a 1'),
      candidate('base 1', { essential: true, preDepends: 'libc' }),
      candidate('libc 1'),
    ]
    expect(names(universe, ['a'])).toEqual(['a 1', 'base 1', 'libc 1'])
    expect(names(universe, ['a'], { essential: false })).toEqual(['a 1'])
    expect(names(universe, ['a'], { exclude: ['base'] })).toEqual(['a 1'])
  })
})

describe('virtual packages', () => {
  it('prefers the real package to a provider', () => {
    const universe = [candidate('a 1', { depends: 'v' }), candidate('v 1'), candidate('p 1', { provides: 'v' })]
    expect(names(universe, ['a'])).toEqual(['a 1', 'v 1'])
  })
  it('chooses a provider by what is chosen already, by Priority, then by name', () => {
    const asker = candidate('a 1', { depends: 'v' })
    const providers = [candidate('q 1', { provides: 'v' }), candidate('p 1', { provides: 'v' })]
    expect(names([asker, ...providers], ['a'])).toEqual(['a 1', 'p 1'])
    expect(names([asker, ...providers], ['a', 'q'])).toEqual(['a 1', 'q 1'])
    const important = candidate('z 1', { provides: 'v', priority: 'important' })
    expect(names([asker, ...providers, important], ['a'])).toEqual(['a 1', 'z 1'])
  })
  it('meets a versioned relation by a versioned Provides alone', () => {
    const universe = [
      candidate('a 1', { depends: 'v (>= 2)' }),
      candidate('p 9', { provides: 'v' }),
      candidate('q 1', { provides: 'v (= 1)' }),
      candidate('r 1', { provides: 'v (= 2)' }),
    ]
    expect(names(universe, ['a'])).toEqual(['a 1', 'r 1'])
  })
  it('takes an older version of a provider when the newest no longer provides', () => {
    const universe = [candidate('a 1', { depends: 'v' }), candidate('p 2'), candidate('p 1', { provides: 'v' })]
    expect(names(universe, ['a'])).toEqual(['a 1', 'p 1'])
  })
})

describe('conflicts', () => {
  it('avoids what conflicts, whichever side declares it, by name or by what is provided', () => {
    const mail = { provides: 'mta', conflicts: 'mta' }
    const universe = [
      candidate('a 1', { depends: 'exim | postfix' }),
      candidate('exim 1', mail),
      candidate('postfix 1', mail),
      candidate('postfix-only 1', { depends: 'postfix' }),
    ]
    expect(names(universe, ['a', 'postfix-only'])).toEqual(['a 1', 'postfix 1', 'postfix-only 1'])
    expect(names(universe, ['a', 'exim'])).toEqual(['a 1', 'exim 1'])
  })
  it('a package does not conflict with itself through its own Provides, nor with its other versions’ names', () => {
    const universe = [candidate('p 1', { provides: 'v (= 1)', conflicts: 'v', breaks: 'p (<< 1)' })]
    expect(names(universe, ['p'])).toEqual(['p 1'])
  })
  it('an unversioned Provides does not meet a versioned Conflicts or Breaks', () => {
    const universe = [candidate('a 1', { conflicts: 'v (<< 2)' }), candidate('p 1', { provides: 'v' })]
    expect(names(universe, ['a', 'p'])).toEqual(['a 1', 'p 1'])
  })
  it('a Breaks forces a newer version than is locked', () => {
    const universe = [candidate('a 1', { breaks: 'b (<< 2)' }), candidate('b 1'), candidate('b 2')]
    const locked = [{ ...candidate('b 1').record, from: 'debian' }]
    expect(names(universe, ['b', 'a'], { locked })).toEqual(['a 1', 'b 2'])
  })
})

describe('architectures', () => {
  const i386 = { architecture: 'i386' }
  it('meets a relation by the same architecture or by Multi-Arch: foreign', () => {
    const asker = candidate('a:i386 1'.replace(':i386', ''), { ...i386, depends: 'tool, lib' })
    const lib = candidate('lib 1', i386)
    const own = candidate('tool 1', { multiArch: 'foreign' })
    expect(names([asker, lib, own], ['a:i386'])).toEqual(['a 1', 'lib 1', 'tool 1'])
    const strict = candidate('tool 1')
    expect(() => names([asker, lib, strict], ['a:i386'])).toThrow('the newest offered is 1 for amd64 from debian')
  })
  it('meets :any by Multi-Arch: allowed alone, and :native by the native architecture', () => {
    const asker = candidate('a 1', { depends: 'python:any' })
    expect(names([asker, candidate('python 3', { multiArch: 'allowed' })], ['a'])).toEqual(['a 1', 'python 3'])
    expect(() => names([asker, candidate('python 3')], ['a'])).toThrow('python:any')
    const native = candidate('n 1', { depends: 'gcc:native' })
    expect(names([native, candidate('gcc 1')], ['n'])).toEqual(['gcc 1', 'n 1'])
    expect(() => names([native, candidate('gcc 1', i386)], ['n'])).toThrow('gcc:native')
  })
  it('lets one version stand beside itself if Multi-Arch: same, and nothing else', () => {
    const same = { multiArch: 'same' } as const
    const lib = [candidate('lib 1', same), candidate('lib 1', { ...same, ...i386 })]
    expect(names(lib, ['lib', 'lib:i386'])).toEqual(['lib 1', 'lib 1'])
    expect(() => names([candidate('lib 1'), candidate('lib 1', i386)], ['lib', 'lib:i386'])).toThrow('only one of lib')
    const skewed = [candidate('lib 2', same), candidate('lib 1', { ...same, ...i386 })]
    expect(() => names(skewed, ['lib', 'lib:i386'])).toThrow('only one of lib')
    const all = [candidate('lib 1', { ...same, architecture: 'all' }), candidate('lib 1', { ...same, provides: 'v' })]
    expect(names(all, ['lib'], { extra: [[{ name: 'v' }]] })).toEqual(['lib 1'])
  })
  it('counts all as native', () => {
    const universe = [candidate('a 1', { depends: 'data' }), candidate('data 1', { architecture: 'all', depends: 'a' })]
    expect(names(universe, ['a'])).toEqual(['a 1', 'data 1'])
  })
})

describe('reasons', () => {
  it('says who brought each package in first', () => {
    const universe = [
      candidate('a 1', { depends: 'b (>= 1) | x' }),
      candidate('b 1', { recommends: 'r' }),
      candidate('r 1'),
      candidate('base 1', { essential: true }),
    ]
    const { why } = resolve({
      format: formats.deb,
      architecture: 'amd64',
      candidates: universe,
      install: ['a'],
      recommends: true,
      subject: 'web',
    })
    expect(Object.fromEntries(why)).toEqual({
      'a:amd64': { by: 'web', relation: 'a' },
      'b:amd64': { by: 'a', key: 'a:amd64', relation: 'b (>= 1) | x' },
      'r:amd64': { by: 'b', key: 'b:amd64', relation: 'r' },
      'base:amd64': { by: 'essential', relation: 'base' },
    })
  })
})
