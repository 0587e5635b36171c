import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { item } from './testing/languages.ts'
import type { ResolveRequest } from './types.ts'

const common = { format: formats.rpm, architecture: 'x86_64' }

function chosen(candidates: readonly Candidate[], install: readonly string[], more: Partial<ResolveRequest> = {}) {
  const { packages } = resolve({ ...common, candidates, install, ...more })
  return packages.map(
    ({ record: { name, version, architecture } }) =>
      `${name} ${version}${architecture === 'x86_64' || architecture === 'noarch' ? '' : ` ${architecture}`}`,
  )
}

/** rpm-dependencies(7), rpm.org "Dependencies" and "Boolean Dependencies"; obsoletes as dnf has them. */
describe('capabilities', () => {
  it('a name is what a package provides, a soname as well as its own', () => {
    const all = [
      item('bash 5-1', { depends: 'libtinfo.so.6()(64bit)' }),
      item('ncurses-libs 6-1', { provides: 'libtinfo.so.6()(64bit)' }),
    ]
    expect(chosen(all, ['bash'])).toEqual(['bash 5-1', 'ncurses-libs 6-1'])
    expect(chosen(all, ['libtinfo.so.6()(64bit)'])).toEqual(['ncurses-libs 6-1'])
  })
  it('a version without a release fits every release of it', () => {
    const all = [item('a 1-1', { depends: 'b = 2' }), item('b 2-7'), item('b 3-1')]
    expect(chosen(all, ['a'])).toEqual(['a 1-1', 'b 2-7'])
  })
  it('what is provided without a version satisfies a relation with one, and ranges satisfy where they overlap', () => {
    const only = (provides: string, depends: string) => () =>
      chosen([item('a 1-1', { depends }), item('p 1-1', { provides })], ['a'])
    expect(only('v', 'v >= 2')()).toEqual(['a 1-1', 'p 1-1'])
    expect(only('v = 2-1', 'v >= 2')()).toHaveLength(2)
    expect(only('v >= 1', 'v = 5')()).toHaveLength(2)
    expect(only('v > 1', 'v >= 1')()).toHaveLength(2)
    expect(only('v < 3', 'v <= 3')()).toHaveLength(2)
    expect(only('v < 2', 'v >= 2')).toThrow('a 1-1 depends on v (>= 2), p provides another version')
    expect(only('v = 1', 'v > 1')).toThrow('p provides another version')
    expect(only('v >= 3', 'v < 3')).toThrow('p provides another version')
  })
  it('a file is required by its path, from the list of files or from Provides', () => {
    const all = [
      item('script 1-1', { depends: '/usr/bin/perl, /bin/sh' }),
      item('perl 5-1', { files: '/usr/bin/perl, /usr/bin/other' }),
      item('bash 5-1', { provides: '/bin/sh' }),
    ]
    expect(chosen(all, ['script'])).toEqual(['bash 5-1', 'perl 5-1', 'script 1-1'])
    expect(chosen(all, ['/usr/bin/other'])).toEqual(['perl 5-1'])
    expect(() => chosen(all, ['/usr/bin/none'])).toThrow('no source offers a package named /usr/bin/none')
  })
})

describe('rich dependencies', () => {
  const language = [
    item('app 1-1', { depends: 'app-de | !langpack-de' }),
    item('app-de 1-1'),
    item('langpack-de 1-1'),
    item('other 1-1', { depends: 'langpack-de' }),
  ]
  it('a if b: a is there where b is, also where b comes later and by another way', () => {
    expect(chosen(language, ['app'])).toEqual(['app 1-1'])
    expect(chosen(language, ['app', 'other'])).toEqual(['app 1-1', 'app-de 1-1', 'langpack-de 1-1', 'other 1-1'])
    expect(chosen(language, ['other', 'app'])).toHaveLength(4)
  })
  it('a or c if b: the choice is made when b comes', () => {
    const all = [
      item('app 1-1', { depends: 'c | d | !late' }),
      item('c 1-1'),
      item('d 1-1'),
      item('x 1-1', { depends: 'late | nothing' }),
      item('late 1-1', { depends: 'd' }),
    ]
    expect(chosen(all, ['app', 'x'])).toEqual(['app 1-1', 'd 1-1', 'late 1-1', 'x 1-1'])
  })
  it('a if (b and c): both must be there', () => {
    const all = [item('app 1-1', { depends: 'a | !b | !c' }), item('a 1-1'), item('b 1-1'), item('c 1-1')]
    expect(chosen(all, ['app', 'b'])).toEqual(['app 1-1', 'b 1-1'])
    expect(chosen(all, ['app', 'b', 'c'])).toContain('a 1-1')
  })
  it('a condition that nobody satisfies asks for nothing', () =>
    expect(chosen([item('app 1-1', { depends: 'absent | !absent-too' })], ['app'])).toEqual(['app 1-1']))
  it('not (b and c): they do not stand beside each other and the package, told in the words of rpm', () => {
    const all = [item('app 1-1', { depends: '!b | !c' }), item('b 1-1'), item('c 1-1')]
    expect(chosen(all, ['app', 'b'])).toEqual(['app 1-1', 'b 1-1'])
    expect(() => chosen(all, ['app', 'b', 'c'], { subject: 'web' })).toThrow(
      'web needs b\n  web needs c\n  web needs app\n  app 1-1 depends on not b and c',
    )
  })
  it('with: one package satisfies all; without: and none of those', () => {
    const all = [
      item('app 1-1', { depends: 'lib >= 1 with lib < 3' }),
      item('lib 3-1'),
      item('lib 2-1'),
      item('strict 1-1', { depends: 'font without bitmap' }),
      item('afont 1-1', { provides: 'font, bitmap' }),
      item('zfont 1-1', { provides: 'font' }),
    ]
    expect(chosen(all, ['app'])).toEqual(['app 1-1', 'lib 2-1'])
    expect(chosen(all, ['strict'])).toEqual(['strict 1-1', 'zfont 1-1'])
    // Two packages that satisfy a half each do not satisfy `with`.
    const halves = [
      item('a 1-1', { depends: 'x with y' }),
      item('p 1-1', { provides: 'x' }),
      item('q 1-1', { provides: 'y' }),
    ]
    expect(() => chosen(halves, ['a'])).toThrow('a 1-1 depends on x with y')
  })
})

describe('weak dependencies', () => {
  const all = [
    item('editor 1-1', { recommends: 'spell | !dictionary' }),
    item('spell 1-1'),
    item('dictionary 1-1'),
    item('editor-dictionary 1-1', { supplements: 'editor, dictionary' }),
    item('editor-absent 1-1', { supplements: 'editor, absent' }),
  ]
  it('are taken when asked for alone', () => {
    expect(chosen(all, ['editor', 'dictionary'])).toEqual(['dictionary 1-1', 'editor 1-1'])
    expect(chosen(all, ['editor'], { recommends: true })).toEqual(['editor 1-1'])
  })
  it('a supplement comes where all it names are there, in whatever order', () => {
    const four = ['dictionary 1-1', 'editor 1-1', 'editor-dictionary 1-1', 'spell 1-1']
    expect(chosen(all, ['editor', 'dictionary'], { recommends: true })).toEqual(four)
    expect(chosen(all, ['dictionary', 'editor'], { recommends: true })).toEqual(four)
    const { why } = resolve({ ...common, candidates: all, install: ['editor', 'dictionary'], recommends: true })
    expect(why.get('editor-dictionary:x86_64')).toMatchObject({ relation: 'editor-dictionary' })
  })
  it('never cost what must hold', () => {
    const against = [...all, item('strict 1-1', { conflicts: 'spell, editor-dictionary' })]
    expect(chosen(against, ['editor', 'dictionary', 'strict'], { recommends: true })).toEqual([
      'dictionary 1-1',
      'editor 1-1',
      'strict 1-1',
    ])
  })
})

describe('conflicts and obsoletes', () => {
  it('a conflict matches what is provided, never the package itself', () => {
    const all = [item('a 1-1', { provides: 'mta = 1', conflicts: 'mta' }), item('b 1-1', { provides: 'mta = 2' })]
    expect(chosen(all, ['a'])).toEqual(['a 1-1'])
    expect(() => chosen(all, ['a', 'b'])).toThrow('a 1-1 conflicts with mta, which b 1-1 provides')
  })
  it('a request for an obsoleted name goes to the obsoleter, offered still or not; a version asked for stands', () => {
    const now = [item('now 2-1', { obsoletes: 'old < 2' })]
    expect(chosen(now, ['old'])).toEqual(['now 2-1'])
    const both = [...now, item('old 1-1')]
    expect(chosen(both, ['old'])).toEqual(['now 2-1'])
    expect(chosen(both, ['old=1-1'])).toEqual(['old 1-1'])
    expect(chosen([...both, item('old 3-1')], ['old'])).toEqual(['old 3-1'])
  })
  it('what is obsoleted is not preferred where another satisfies, and does not stand beside its obsoleter', () => {
    const all = [
      item('app 1-1', { depends: 'old' }),
      item('old 1-1'),
      item('now 2-1', { obsoletes: 'old < 2', provides: 'old = 1.5' }),
    ]
    expect(chosen(all, ['app'])).toEqual(['app 1-1', 'now 2-1'])
    expect(() => chosen(all, ['now', 'old=1-1'])).toThrow('now 2-1 obsoletes old (< 2), which old 1-1 is')
  })
  it('obsoletes match names, never what is provided', () => {
    const all = [item('now 2-1', { obsoletes: 'thing' }), item('p 1-1', { provides: 'thing = 1' })]
    expect(chosen(all, ['now', 'p'])).toEqual(['now 2-1', 'p 1-1'])
  })
})

describe('architectures and versions side by side', () => {
  const lib = (architecture: string, version = '2-1') =>
    item(`lib ${version}`, { architecture, provides: architecture === 'i686' ? 'lib.so' : 'lib.so()(64bit)' })
  it('the own architecture is preferred; the other stands beside where it is needed', () => {
    const all = [lib('i686', '3-1'), lib('x86_64'), item('old 1-1', { depends: 'lib.so' })]
    expect(chosen(all, ['lib'])).toEqual(['lib 2-1'])
    expect(chosen(all, ['lib', 'old'])).toEqual(['lib 3-1 i686', 'lib 2-1', 'old 1-1'])
    expect(chosen(all, ['lib.i686'])).toEqual(['lib 3-1 i686'])
    expect(chosen(all, ['lib:i686'])).toEqual(['lib 3-1 i686'])
  })
  it('what does not run on the machine is no candidate', () => {
    const all = [item('a 9-1', { architecture: 'aarch64' }), item('a 8-1', { architecture: 'src' }), item('a 1-1')]
    expect(chosen(all, ['a'])).toEqual(['a 1-1'])
    expect(() => chosen([item('a 9-1', { architecture: 'ppc64le' })], ['a'])).toThrow('no source offers')
  })
  it('one version of a name, unless it may stand several times (kernels)', () => {
    const kernels = [item('kernel 5-1'), item('kernel 6-1'), item('x 1-1', { depends: 'kernel = 5-1' })]
    expect(() => chosen(kernels, ['kernel>=6', 'x'])).toThrow('only one of kernel')
    expect(chosen(kernels, ['kernel>=6', 'x'], { several: ['kernel'] })).toEqual(['kernel 5-1', 'kernel 6-1', 'x 1-1'])
  })
})
