import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testFolder, writeFiles } from '../testing/folder.ts'
import { hostSources } from './sources.ts'

const folder = testFolder()
let machines = 0

const OS_RELEASE = 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_CODENAME=trixie\n'

function machine(files: Readonly<Record<string, string>>): string {
  const root = join(folder, `machine-${++machines}`)
  writeFiles(root, { 'etc/os-release': OS_RELEASE, ...files })
  return root
}

function sources(files: Readonly<Record<string, string>>) {
  return hostSources({ root: machine(files), architecture: 'amd64' })
}

describe('host sources', () => {
  it('reads the deb822 form, one source for each suite, with its keyring', () => {
    const root = machine({
      'etc/apt/sources.list.d/debian.sources': [
        'Types: deb deb-src',
        '# a comment',
        'URIs: http://archive.example/debian/',
        'Suites: trixie trixie-updates',
        'Components: main contrib',
        'Signed-By: /usr/share/keyrings/archive.gpg',
        '',
        'Types: deb',
        'URIs: https://security.example/debian-security',
        'Suites: trixie-security',
        'Components: main',
        'Check-Valid-Until: no',
        'Signed-By:',
        ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
        ' .',
        ' mDMEXXXX',
        ' -----END PGP PUBLIC KEY BLOCK-----',
        '',
      ].join('\n'),
    })
    const found = hostSources({ root, architecture: 'amd64' })
    expect(found.map(({ pocket, suite, uri }) => [pocket, suite, uri])).toEqual([
      ['release', 'trixie', 'http://archive.example/debian'],
      ['updates', 'trixie-updates', 'http://archive.example/debian'],
      ['security', 'trixie-security', 'https://security.example/debian-security'],
    ])
    expect(found[0]).toMatchObject({
      components: ['main', 'contrib'],
      keyrings: [join(root, 'usr/share/keyrings/archive.gpg')],
      origin: 'debian',
      checkValidUntil: true,
    })
    expect(found[2]).toMatchObject({
      checkValidUntil: false,
      keyrings: ['-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEXXXX\n-----END PGP PUBLIC KEY BLOCK-----'],
    })
  })

  it('reads the one-line form with its options', () => {
    const [first, ...others] = sources({
      'etc/apt/sources.list': [
        'deb [arch=amd64,arm64 signed-by=/k.gpg check-valid-until=no] http://a.example/debian trixie main # why',
        'deb [arch=arm64] http://b.example/debian trixie main',
        'deb-src http://a.example/debian trixie main',
        '  # deb http://c.example/debian trixie main',
      ].join('\n'),
    })
    expect(first).toMatchObject({
      pocket: 'release',
      uri: 'http://a.example/debian',
      checkValidUntil: false,
      where: '/etc/apt/sources.list:1',
    })
    expect(first?.keyrings[0]).toMatch(/\/k\.gpg$/)
    expect(others).toEqual([])
  })

  it('passes over what is disabled, of another release, or no file of apt’s', () => {
    const found = sources({
      'etc/apt/sources.list.d/a.sources':
        'Enabled: no\nTypes: deb\nURIs: http://a.example\nSuites: trixie\nComponents: main\n',
      'etc/apt/sources.list.d/b.list': 'deb http://b.example bookworm main\ndeb http://b.example nodistro main\n',
      'etc/apt/sources.list.d/c.list.disabled': 'not a source at all',
      'etc/apt/sources.list.d/d.list': 'deb cdrom:[Debian]/ trixie main\n'.replace('cdrom:[Debian]/', 'cdrom:/x'),
      'etc/apt/sources.list.d/e.list': 'deb http://e.example trixie-backports main\n',
    })
    expect(found.map(({ pocket, uri }) => [pocket, uri])).toEqual([['backports', 'http://e.example']])
  })

  it('reads addresses on this machine, and lists of mirrors', () => {
    const found = sources({
      'etc/apt/sources.list': 'deb file:/srv/a%b trixie main\ndeb mirror+file:/etc/apt/mirrors.list trixie main\n',
      'etc/apt/mirrors.list': '# near\nhttp://one.example/debian\tpriority:1\nhttp://two.example/debian/\n',
    })
    expect(found.map(({ uri }) => uri)).toEqual([
      pathToFileURL('/srv/a%b').href,
      'http://one.example/debian',
      'http://two.example/debian',
    ])
  })

  it('takes all that apt trusts where an entry names no keyring', () => {
    const root = machine({
      'etc/apt/sources.list': 'deb http://a.example trixie main\n',
      'etc/apt/trusted.gpg.d/b.asc': '',
      'etc/apt/trusted.gpg.d/a.gpg': '',
      'etc/apt/trusted.gpg.d/a.gpg~': '',
    })
    expect(hostSources({ root, architecture: 'amd64' })[0]?.keyrings).toEqual(
      ['a.gpg', 'b.asc'].map((name) => join(root, 'etc/apt/trusted.gpg.d', name)),
    )
  })

  it('obeys apt’s configuration on Valid-Until, the last word winning', () => {
    const list = { 'etc/apt/sources.list': 'deb http://a.example trixie main\n' }
    const told = { 'etc/apt/apt.conf.d/10x': 'Acquire::Check-Valid-Until "false";\n' }
    expect(sources(list)[0]?.checkValidUntil).toBe(true)
    expect(sources({ ...list, ...told })[0]?.checkValidUntil).toBe(false)
    const again = {
      'etc/apt/apt.conf.d/20y': '// Acquire::Check-Valid-Until "false";\nAcquire::Check-Valid-Until "true";\n',
    }
    expect(sources({ ...list, ...told, ...again })[0]?.checkValidUntil).toBe(true)
  })

  it('says what is missing', () => {
    expect(() => sources({})).toThrow('no package source for its own release, trixie')
    const root = machine({ 'etc/apt/sources.list': 'deb http://a.example trixie main\n' })
    expect(() => hostSources({ root, architecture: 'amd64', pockets: ['release', 'security'] })).toThrow(
      'no package source for the suite trixie-security',
    )
    expect(() => sources({ 'etc/os-release': 'ID=other\n' })).toThrow('does not say which release it is')
  })

  it('names the place of what does not parse', () => {
    expect(() => sources({ 'etc/apt/sources.list': '\ndeb nonsense\n' })).toThrow('/etc/apt/sources.list:2: ')
    expect(() => sources({ 'etc/apt/sources.list.d/a.sources': 'Types: deb\nnonsense\n' })).toThrow('a.sources: ')
    expect(() => sources({ 'etc/apt/sources.list.d/a.sources': 'Types: deb\n' })).toThrow('a.sources, entry 1: ')
  })
})
