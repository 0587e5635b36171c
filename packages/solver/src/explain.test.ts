import { HolotypeError } from '@holotype/base'
import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { candidate } from './testing/packages.ts'
import type { ResolveRequest } from './types.ts'

function failure(candidates: readonly Candidate[], install: readonly string[], more: Partial<ResolveRequest> = {}) {
  try {
    resolve({ format: formats.deb, architecture: 'amd64', candidates, install, subject: 'web', ...more })
  } catch (error) {
    if (error instanceof HolotypeError)
      return {
        code: error.code,
        what: error.message.replace('these cannot all hold:\n  ', '').replaceAll('\n  ', ', '),
      }
    throw error
  }
  throw new Error('it resolved')
}

describe('explanations', () => {
  it('names the chain to a version that nobody offers', () => {
    const universe = [
      candidate('nginx 1.22.1-9', { depends: 'libc6 (>= 2.40), zlib1g' }),
      candidate('libc6 2.36-9'),
      candidate('libc6 2.35-1'),
      candidate('zlib1g 1'),
      candidate('unrelated 1', { depends: 'absent' }),
    ]
    expect(failure(universe, ['zlib1g', 'nginx'])).toEqual({
      code: 'RESOLVE_CONFLICT',
      what: 'web needs nginx, nginx 1.22.1-9 depends on libc6 (>= 2.40), the newest offered is 2.36-9 from debian',
    })
  })
  it('joins versions that fail for the same reason', () => {
    const universe = [candidate('a 1', { depends: 'absent' }), candidate('a 2', { depends: 'absent' })]
    expect(failure(universe, ['a']).what).toBe('web needs a, a 2 and 1 depend on absent, no source offers absent')
  })
  it('names both sides of a version that cannot suit all', () => {
    const universe = [
      candidate('x 1', { depends: 'lib (>= 2)' }),
      candidate('y 1', { depends: 'lib (<< 2)' }),
      candidate('lib 2'),
      candidate('lib 1'),
    ]
    expect(failure(universe, ['x', 'y']).what).toBe(
      'web needs x, x 1 depends on lib (>= 2), web needs y, y 1 depends on lib (<< 2), only one of lib 1 and 2 can be chosen',
    )
  })
  it('names a conflict, through what is provided', () => {
    const universe = [
      candidate('exim 1', { provides: 'mta', conflicts: 'mta' }),
      candidate('postfix 3', { provides: 'mta' }),
      candidate('nagios 1', { depends: 'postfix' }),
    ]
    expect(failure(universe, ['exim', 'nagios']).what).toBe(
      'web needs exim, web needs nagios, nagios 1 depends on postfix, exim 1 conflicts with mta, which postfix 3 provides',
    )
  })
  it('names a break', () => {
    const universe = [candidate('a 1', { breaks: 'b (<< 2)' }), candidate('b 1')]
    expect(failure(universe, ['a', 'b']).what).toBe('web needs a, web needs b, a 1 breaks b (<< 2), which b 1 is')
  })
  it('says that a package is excluded', () => {
    const universe = [candidate('a 1', { depends: 'b' }), candidate('b 1'), candidate('p 1', { provides: 'v' })]
    expect(failure(universe, ['a'], { exclude: ['b'] }).what).toBe('web needs a, a 1 depends on b, b is excluded')
    expect(failure(universe, ['a'], { extra: [[{ name: 'v' }]], exclude: ['p'] }).what).toBe(
      'web needs v, p, which provides it, is excluded',
    )
  })
  it('says that a version asked for is not offered', () => {
    expect(failure([candidate('a 1')], ['a=2']).what).toBe('web needs a (= 2), the newest offered is 1 from debian')
  })
  it('shows each alternative of a group', () => {
    const universe = [
      candidate('a 1', { depends: 'b | c' }),
      candidate('b 1', { depends: 'absent' }),
      candidate('c 1', { conflicts: 'a' }),
    ]
    expect(failure(universe, ['a']).what).toBe(
      'web needs a, a 1 depends on b | c, b 1 depends on absent, no source offers absent, c 1 conflicts with a',
    )
  })
  it('suggests the nearest name', () => {
    expect(failure([candidate('nginx 1'), candidate('nano 1')], ['ngnix'])).toEqual({
      code: 'RESOLVE_UNKNOWN_PACKAGE',
      what: 'no source offers a package named ngnix; the nearest is nginx',
    })
  })
  it('refuses what is no name', () => expect(failure([], ['a b']).code).toBe('RESOLVE_REQUEST'))
})
