import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { item } from './testing/languages.ts'
import type { ResolveRequest } from './types.ts'

function solverOf(name: 'alpm' | 'xbps') {
  return (candidates: readonly Candidate[], install: readonly string[], more: Partial<ResolveRequest> = {}) => {
    const { packages } = resolve({ format: formats[name], architecture: 'x86_64', candidates, install, ...more })
    return packages.map(({ record }) => `${record.name} ${record.version}`)
  }
}

/** PKGBUILD(5), pacman(8). */
describe('alpm', () => {
  const chosen = solverOf('alpm')
  it('a provision without a version does not satisfy a dependency with one', () => {
    const all = [item('a 1-1', { depends: 'cron >= 2' }), item('b 1-1', { depends: 'cron' })]
    expect(chosen([...all, item('p 1-1', { provides: 'cron' })], ['b'])).toEqual(['b 1-1', 'p 1-1'])
    expect(() => chosen([...all, item('p 1-1', { provides: 'cron' })], ['a'])).toThrow('p provides another version')
    expect(chosen([...all, item('p 1-1', { provides: 'cron = 2.1' })], ['a'])).toEqual(['a 1-1', 'p 1-1'])
  })
  it('a version without a release fits every release', () =>
    expect(chosen([item('a 1-1', { depends: 'b = 2' }), item('b 2-9', { architecture: 'any' })], ['a'])).toHaveLength(
      2,
    ))
  it('sonames are provisions with their version', () => {
    const all = [
      item('a 1-1', { depends: 'libfoo.so = 3-64' }),
      item('foo3 1-1', { provides: 'libfoo.so = 3-64' }),
      item('foo2 1-1', { provides: 'libfoo.so = 2-64' }),
    ]
    expect(chosen(all, ['a'])).toEqual(['a 1-1', 'foo3 1-1'])
  })
  it('a conflict matches provisions, not the package itself nor another version of it', () => {
    const all = [
      item('vim 9-1', { conflicts: 'vi-like', provides: 'vi-like' }),
      item('gvim 9-1', { provides: 'vi-like, vim = 9-1', conflicts: 'vim' }),
    ]
    expect(chosen(all, ['vim'])).toEqual(['vim 9-1'])
    expect(() => chosen(all, ['vim', 'gvim'])).toThrow(/conflicts? with/)
  })
  it('@group is each of its members', () => {
    const all = [
      item('gcc 13-1', { groups: 'base-devel, other', depends: 'glibc' }),
      item('make 4-1', { groups: 'base-devel' }),
      item('make 3-1'),
      item('glibc 2-1'),
    ]
    expect(chosen(all, ['@base-devel'])).toEqual(['gcc 13-1', 'glibc 2-1', 'make 4-1'])
    expect(() => chosen(all, ['@absent'])).toThrow('no source offers a package of the group absent')
  })
  it('what replaces a name stands in for it once no source offers it, and stands beside it until then', () => {
    const now = item('now 1-1', { obsoletes: 'old' })
    expect(chosen([now], ['old'])).toEqual(['now 1-1'])
    expect(chosen([now, item('old 1-1')], ['old'])).toEqual(['old 1-1'])
    expect(chosen([now, item('old 1-1')], ['old', 'now'])).toEqual(['now 1-1', 'old 1-1'])
  })
})

/** xbps-install(1), void-packages Manual.md. */
describe('xbps', () => {
  const chosen = solverOf('xbps')
  it('a virtual package has the version it is provided in', () => {
    const all = [
      item('a 1', { depends: 'awk >= 0' }),
      item('b 1', { depends: 'awk >= 2' }),
      item('mawk 9', { provides: 'awk = 1' }),
    ]
    expect(chosen(all, ['a'])).toEqual(['a 1', 'mawk 9'])
    expect(() => chosen(all, ['b'])).toThrow('mawk provides another version')
  })
  it('a needed soname is had from whoever has it; a soname that nobody has is told', () => {
    const all = [
      item('curl 1', { depends: 'libcurl >= 1', shlibRequires: 'libz.so.1, libcurl.so.4' }),
      item('libcurl 1', { shlibProvides: 'libcurl.so.4' }),
      item('zlib 1', { shlibProvides: 'libz.so.1' }),
      item('old 1', { shlibRequires: 'libssl.so.48' }),
    ]
    expect(chosen(all, ['curl'])).toEqual(['curl 1', 'libcurl 1', 'zlib 1'])
    expect(() => chosen(all, ['old'])).toThrow('old 1 depends on libssl.so.48, no source offers libssl.so.48')
  })
  it('a library is taken in the version that has the soname, not the newest', () => {
    const all = [
      item('app 1', { shlibRequires: 'libssl.so.1' }),
      item('ssl 2', { shlibProvides: 'libssl.so.2' }),
      item('ssl 1', { shlibProvides: 'libssl.so.1' }),
    ]
    expect(chosen(all, ['app'])).toEqual(['app 1', 'ssl 1'])
  })
  it('what is replaced does not stand beside what replaces it', () => {
    const all = [item('now 1', { obsoletes: 'old < 2' }), item('old 1'), item('old 2')]
    expect(chosen(all, ['now', 'old'])).toEqual(['now 1', 'old 2'])
    expect(() => chosen(all, ['now', 'old=1'])).toThrow('now 1 obsoletes old (< 2), which old 1 is')
  })
  it('conflicts', () => {
    const all = [
      item('a 1', { conflicts: 'b < 2' }),
      item('b 1'),
      item('c 1', { conflicts: 'awk', provides: 'awk = 1' }),
    ]
    expect(() => chosen(all, ['a', 'b'])).toThrow('a 1 conflicts with b (< 2), which b 1 is')
    expect(chosen(all, ['c'])).toEqual(['c 1'])
  })
})
