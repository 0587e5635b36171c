import { describe, expect, it } from 'vitest'
import { checkSonames, type PackageSonames } from './sonames.ts'

/** A package by its files: `usr/bin/curl: libcurl.so.4 libc.so.6`, a library's soname after its path in brackets. */
function files(
  nameAndVersion: string,
  lines: readonly string[],
  architecture = 'amd64',
  links: readonly string[] = [],
) {
  const [name = '', version = ''] = nameAndVersion.split(' ')
  const objects = lines.map((line) => {
    const [, path = '', soname, needed = ''] = /^(\S+?)(?:\[(\S+)\])?:\s*(.*)$/.exec(line) ?? []
    return { path, ...(soname === undefined ? {} : { soname }), needed: needed.split(' ').filter((one) => one !== '') }
  })
  return { name, version, architecture, objects, links } satisfies PackageSonames
}

const libc = files('libc6 2.36', ['lib/libc.so.6[libc.so.6]:'])
const curl = files('curl 7', ['usr/bin/curl: libcurl.so.4 libc.so.6'])
const ssl = (version: string) =>
  files(`libssl ${version}`, [`usr/lib/libssl.so.${version}[libssl.so.${version}]: libc.so.6`])

describe('the soname closure of a set', () => {
  it('holds where each needed library is there by soname, by file name or by link, wherever it lies', () => {
    const set = [
      libc,
      curl,
      files('libcurl4 7', [
        'usr/lib/libcurl.so.4.8[libcurl.so.4]: libprivate.so libz.so.1 libc.so.6',
        'opt/x/libprivate.so:',
      ]),
      files('zlib1g 1', ['usr/lib/libz.so.1.3: libc.so.6'], 'amd64', ['libz.so.1']),
    ]
    expect(checkSonames(set)).toEqual([])
  })
  it('names a program without its library, and who had it: gone, or there in another version', () => {
    const login = files('login 4', ['usr/bin/login: libssl.so.1 libc.so.6'])
    expect(checkSonames([libc, login, ssl('3')], [libc, login, ssl('1')])).toEqual([
      {
        soname: 'libssl.so.1',
        architecture: 'amd64',
        neededBy: [{ name: 'login', version: '4', by: ['usr/bin/login'] }],
        providedBefore: [{ name: 'libssl', version: '1', now: '3' }],
      },
    ])
    expect(checkSonames([libc, login], [ssl('1')])[0]?.providedBefore).toEqual([{ name: 'libssl', version: '1' }])
  })
  it('counts what a library needs that others are linked with, and not a library of another architecture', () => {
    const library = files('libcurl4 7', ['usr/lib/libcurl.so.4[libcurl.so.4]: libz.so.1'])
    expect(checkSonames([libc, curl, library])).toMatchObject([
      { soname: 'libz.so.1', neededBy: [{ name: 'libcurl4' }] },
    ])
    const foreign = files('zlib1g 1', ['usr/lib/libz.so.1[libz.so.1]:'], 'i386')
    expect(checkSonames([libc, curl, library, foreign])).toHaveLength(1)
  })
  it('lets pass what only a module lacks, unless it had it before: that is how a partial upgrade locks everyone out', () => {
    const pam = files('libpam-modules 1', ['lib/security/pam_unix.so: libcrypt.so.1 libc.so.6'])
    const crypt = files('libcrypt1 4', ['lib/libcrypt.so.1[libcrypt.so.1]: libc.so.6'])
    expect(checkSonames([libc, pam])).toEqual([])
    expect(checkSonames([libc, pam], [libc, pam, crypt])).toMatchObject([
      {
        soname: 'libcrypt.so.1',
        neededBy: [{ name: 'libpam-modules', by: ['lib/security/pam_unix.so'] }],
        providedBefore: [{ name: 'libcrypt1', version: '4' }],
      },
    ])
  })
})
