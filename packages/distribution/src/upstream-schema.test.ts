import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HolotypeError } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadDistribution } from './load.ts'
import { keyringsOf } from './lookup.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-upstreams-'))
  mkdirSync(join(directory, 'keys'))
  writeFileSync(join(directory, 'keys/archive.gpg'), 'keys')
})
afterEach(() => rmSync(directory, { recursive: true }))

function load(upstreams: string) {
  writeFileSync(join(directory, 'holotype.yaml'), `name: acme\nupstreams:\n${upstreams}`)
  return loadDistribution(directory)
}

/** The error's words, with paths from the distribution; the lines shown below it left out. */
function complaint(upstreams: string): string {
  try {
    load(upstreams)
  } catch (error) {
    if (error instanceof HolotypeError) return (error.message.split('\n')[0] ?? '').replaceAll(`${directory}/`, '')
    throw error
  }
  throw new Error('it loads')
}

const LOOPBACK = 'http://127.0.0.1:8000'

describe('upstreams', () => {
  test('from the machine, and by address, of each format', () => {
    const of = (text: string) => Object.values(load(text).file.upstreams)[0]
    expect(of('  a: { format: deb, from: host, pockets: [release] }\n')).toEqual({
      from: 'host',
      format: 'deb',
      pockets: ['release'],
      components: ['main'],
      priority: 500,
    })
    expect(
      of(
        `  a: { format: deb, url: ${LOOPBACK}/d, suites: [trixie, ./], components: [main, contrib], keyring: keys/archive.gpg }\n`,
      ),
    ).toEqual({
      from: 'url',
      format: 'deb',
      urls: [`${LOOPBACK}/d`],
      suites: ['trixie', './'],
      components: ['main', 'contrib'],
      keyrings: ['keys/archive.gpg'],
      unsigned: false,
      priority: 500,
    })
    expect(
      of(
        `  a: { format: alpm, url: 'file:///srv/$repo/os/$arch', repositories: [core, extra], unsigned: true, priority: 700 }\n`,
      ),
    ).toEqual({
      priority: 700,
      from: 'url',
      format: 'alpm',
      urls: ['file:///srv/$repo/os/$arch'],
      suites: ['core', 'extra'],
      components: [''],
      keyrings: [],
      unsigned: true,
    })
    expect(
      of(
        `  a: { format: rpm, urls: ['${LOOPBACK}/a', '${LOOPBACK}/b'], architecture: aarch64, keyring: [keys/archive.gpg] }\n`,
      ),
    ).toMatchObject({ urls: [`${LOOPBACK}/a`, `${LOOPBACK}/b`], suites: [''], architecture: 'aarch64' })
  })

  test('their keyrings lie within the distribution', () => {
    const { file, directory: root } = load(`  a: { format: rpm, url: ${LOOPBACK}, keyring: keys/archive.gpg }\n`)
    const upstream = file.upstreams['a']
    if (upstream?.from !== 'url') throw new Error('it is by address')
    expect(
      keyringsOf(
        {
          directory: root,
          file,
          recipes: new Map(),
          images: new Map(),
          origins: new Map(),
          channels: new Map(),
          convert: { rpm: {}, deb: {} },
          advisories: new Map(),
          people: new Map(),
        },
        upstream,
      ),
    ).toEqual([join(root, 'keys/archive.gpg')])
    symlinkSync('/etc/passwd', join(directory, 'keys/outside.gpg'))
    for (const [keyring, words] of [
      ['keys/none.gpg', 'there is no keys/none.gpg'],
      ['keys', 'it is no file'],
      ['../keys.gpg', 'it leads out of the distribution'],
      ['/usr/share/keyrings/a.gpg', 'the path must be relative'],
      ['keys/outside.gpg', 'it leads out of the distribution'],
    ]) {
      const found = complaint(`  a:\n    format: rpm\n    url: ${LOOPBACK}\n    keyring: ${keyring}\n`)
      expect(found).toContain('holotype.yaml:6:14: ')
      expect(found).toContain(words)
    }
  })

  test.each([
    ['an unknown key', `format: rpm\n    ulr: ${LOOPBACK}`, ':5:5: unknown key "ulr"; did you mean "url"?'],
    ['nowhere', 'format: rpm', ':4:5: upstreams.a: say where it lies: `from: host`, or `url`'],
    [
      'both',
      `format: rpm\n    url: ${LOOPBACK}\n    urls: ['${LOOPBACK}']\n    unsigned: true`,
      ':6:11: upstreams.a.urls: give either',
    ],
    [
      'a host that is not apt',
      'format: rpm\n    from: host\n    pockets: [release]',
      ':4:13: upstreams.a.format: `from: host` reads',
    ],
    ['a host without pockets', 'format: deb\n    from: host', ':4:5: upstreams.a: missing key "pockets"'],
    [
      'a host with a keyring',
      'format: deb\n    from: host\n    keyring: x',
      ':6:14: upstreams.a.keyring: the key "keyring" does not',
    ],
    [
      'deb without suites',
      `format: deb\n    url: ${LOOPBACK}\n    keyring: x`,
      ':4:5: upstreams.a: missing key "suites"',
    ],
    [
      'suites of rpm',
      `format: rpm\n    url: ${LOOPBACK}\n    suites: [x]`,
      ':6:13: upstreams.a.suites: the key "suites" does not',
    ],
    ['no keyring', `format: rpm\n    url: ${LOOPBACK}`, 'missing key "keyring", or `unsigned: true` if you mean it'],
    [
      'an unsigned deb',
      `format: deb\n    url: ${LOOPBACK}\n    suites: [x]\n    unsigned: true`,
      ':7:15: upstreams.a.unsigned',
    ],
    ['unsigned: false', `format: rpm\n    url: ${LOOPBACK}\n    unsigned: false`, ':6:15: upstreams.a.unsigned'],
    [
      'keyring and unsigned',
      `format: rpm\n    url: ${LOOPBACK}\n    keyring: x\n    unsigned: true`,
      ':7:15: upstreams.a.unsigned',
    ],
    [
      'a snapshot by its name',
      `format: rpm\n    url: ${LOOPBACK}\n    unsigned: true\n    snapshot: before`,
      ':7:15: upstreams.a.snapshot: a whole digest',
    ],
    ['another scheme', `format: rpm\n    url: ftp://127.0.0.1`, ':5:10: upstreams.a.url: an address starts with'],
    ['a password', `format: rpm\n    url: http://u:p@127.0.0.1`, ':5:10: upstreams.a.url: an address holds no user'],
  ])('refused at its place: %s', (_, keys, words) => {
    const found = complaint(`  a:\n    ${keys}\n`)
    expect(found).toMatch(/^holotype\.yaml:\d+:\d+: /)
    expect(found).toContain(words)
  })

  test('with advisories of its publisher, which lie in the distribution', () => {
    const given = '{ osv: keys/archive.gpg, ecosystem: "Debian:12" }'
    const advisories = { osv: 'keys/archive.gpg', ecosystem: 'Debian:12' }
    const of = (text: string) => Object.values(load(text).file.upstreams)[0]
    expect(of(`  a: { format: deb, from: host, pockets: [release], advisories: ${given} }\n`)).toMatchObject({
      advisories,
    })
    expect(
      of(`  a: { format: deb, url: ${LOOPBACK}, suites: [x], keyring: keys/archive.gpg, advisories: ${given} }\n`),
    ).toMatchObject({ advisories })
    expect(complaint(`  a: { format: rpm, url: ${LOOPBACK}, unsigned: true, advisories: ${given} }\n`)).toContain(
      'the key "advisories" does not go with `url` and the format rpm',
    )
    const outside = given.replace('keys/archive.gpg', '../osv')
    expect(complaint(`  a: { format: deb, from: host, pockets: [release], advisories: ${outside} }\n`)).toContain(
      'it leads out of the distribution',
    )
  })

  test('pinned to a snapshot, by its digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const of = (text: string) => Object.values(load(text).file.upstreams)[0]?.snapshot
    expect(of(`  a: { format: deb, from: host, pockets: [release], snapshot: '${digest}' }\n`)).toBe(digest)
    expect(of(`  a: { format: rpm, url: ${LOOPBACK}, unsigned: true, snapshot: '${digest}' }\n`)).toBe(digest)
  })

  test('refused: one that is called as locks call our own repository', () => {
    const found = complaint(`  own: { format: rpm, url: ${LOOPBACK}, unsigned: true }\n`)
    expect(found).toContain('holotype.yaml:3:8: upstreams.own: "own" is what locks call your own repository')
  })

  test('refused: two formats in one distribution', () => {
    const found = complaint(
      `  a: { format: rpm, url: ${LOOPBACK}, unsigned: true }\n  b: { format: xbps, url: ${LOOPBACK}, unsigned: true }\n`,
    )
    expect(found).toContain('holotype.yaml:4:16: upstreams.b.format: the upstreams of a distribution have one format')
  })
})
