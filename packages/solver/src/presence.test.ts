import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import { why, whyNot } from './presence.ts'
import { resolve } from './resolve.ts'
import { candidate } from './testing/packages.ts'
import type { ResolveRequest } from './types.ts'

const candidates = [
  candidate('base 1', { essential: true, depends: 'libc (>= 1)' }),
  candidate('libc 2'),
  candidate('nginx 1', { depends: 'ssl, libc', recommends: 'logrotate' }),
  candidate('ssl 3', { depends: 'crypto' }),
  candidate('ssl 2'),
  candidate('ssl 9', { from: 'testing', sourcePriority: 100 }),
  candidate('crypto 3'),
  candidate('mailer 1', { depends: 'mta | sendmail' }),
  candidate('postfix 1', { provides: 'mta', conflicts: 'mta' }),
  candidate('sendmail 1', { provides: 'mta', conflicts: 'mta' }),
  candidate('logrotate 1'),
  candidate('stranger 1', { conflicts: 'nginx' }),
  candidate('doomed 1', { depends: 'absent' }),
]
const request = {
  format: formats.deb,
  architecture: 'amd64',
  candidates,
  install: ['nginx', 'mailer'],
  subject: 'web',
} satisfies ResolveRequest

const chainOf = (name: string, more: Partial<ResolveRequest> = {}) => {
  const asked = { ...request, ...more }
  return whyNot(asked, resolve(asked), name).chain
}

describe('why', () => {
  it('is the shortest chain from the request, or from what every installation needs', () => {
    const resolution = resolve(request)
    expect(why(resolution, 'crypto')).toEqual({
      name: 'crypto',
      present: true,
      version: '3',
      chain: ['web asks for nginx', 'nginx 1 needs ssl', 'ssl 3 needs crypto'],
    })
    expect(why(resolution, 'nginx')?.chain).toEqual(['web asks for nginx'])
    // nginx needs it too, and was asked for first: of two ways of one length the request's own.
    expect(why(resolution, 'libc')?.chain).toEqual(['web asks for nginx', 'nginx 1 needs libc'])
    expect(why(resolution, 'base')?.chain).toEqual(['every installation needs base'])
    expect(why(resolution, 'logrotate')).toBeUndefined()
  })
})

describe('why not', () => {
  it('nobody needs it, or somebody only recommends it', () => {
    expect(chainOf('stranger', { install: ['mailer'] })).toEqual([
      'stranger is not asked for, and nothing that is in needs it',
    ])
    expect(chainOf('logrotate')).toEqual(['nginx 1 only recommends it', 'recommended packages are not asked for'])
  })
  it('another satisfies what would need it', () =>
    expect(chainOf('sendmail')).toEqual(['mailer 1 needs mta | sendmail', 'postfix is in and satisfies that']))
  it('an alternative that would fit, too, but is not wanted twice', () => {
    const all = [candidate('a 1', { depends: 'p | q' }), candidate('p 1'), candidate('q 1')]
    expect(chainOf('q', { candidates: all, install: ['a'] })).toEqual(['a 1 needs p | q', 'p is in and satisfies that'])
  })
  it('another version is preferred, and for which reason', () => {
    expect(chainOf('ssl=2')).toEqual(['ssl 3 from debian is preferred to 2: it is newer'])
    expect(chainOf('ssl=9')).toEqual(['ssl 3 from debian is preferred to 9: debian has priority 500, testing 100'])
    const locked = [{ ...candidate('ssl 2').record, from: 'debian' }]
    expect(chainOf('ssl=3', { locked })).toEqual(['ssl 2 from debian is preferred to 3: the earlier lock has it'])
  })
  it('the policy rules it out', () => {
    expect(chainOf('logrotate', { exclude: ['logrotate'] })).toEqual(['logrotate is excluded'])
    expect(chainOf('ssl=2', { pinned: [{ name: 'ssl', version: '3' }] })).toEqual(['ssl is pinned to 3 from debian'])
  })
  it('no way to install it, or not beside the rest', () => {
    expect(chainOf('doomed')).toEqual([
      'doomed cannot be chosen with the rest',
      'web needs doomed',
      'doomed 1 depends on absent, no source offers absent',
    ])
    expect(chainOf('stranger')).toEqual([
      'stranger cannot be chosen with the rest',
      'web needs nginx',
      'web needs stranger',
      'stranger 1 conflicts with nginx',
    ])
  })
  it('nobody offers it', () => {
    expect(chainOf('mta')).toEqual(['mta is no package; postfix provides it, and is in'])
    expect(chainOf('mta', { install: ['nginx'] })).toEqual(['mta is no package; postfix and sendmail would provide it'])
    expect(chainOf('ngnix')).toEqual(['no source offers a package named ngnix; the nearest is nginx'])
    expect(chainOf('ssl=7')).toEqual(['no source offers ssl (= 7); offered are 3, 2 and 9'])
  })
  it('after all in', () => expect(whyNot(request, resolve(request), 'ssl')).toMatchObject({ present: true }))
})
