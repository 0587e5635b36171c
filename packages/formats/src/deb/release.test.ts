import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { clearSignedText, parseHead, renderHead } from './release.ts'

const HASH = 'a'.repeat(64)
const RELEASE = `Origin: Debian
Label: Debian-Security
Suite: stable-security
Codename: bookworm-security
Date: Sat, 21 Nov 2026 05:53:00 UTC
Valid-Until: Sat, 28 Nov 2026 05:53:00 UTC
Acquire-By-Hash: yes
Architectures: amd64 arm64
Components: main contrib
Description: updates
SHA256:
 ${HASH}   123 main/binary-amd64/Packages
 ${HASH} 0 main/binary-amd64/Packages.xz
`
const HEAD = {
  origin: 'Debian',
  label: 'Debian-Security',
  suite: 'stable-security',
  codename: 'bookworm-security',
  date: '2026-11-21T05:53:00.000Z',
  validUntil: '2026-11-28T05:53:00.000Z',
  architectures: ['amd64', 'arm64'],
  components: ['main', 'contrib'],
  indexes: [
    { path: 'main/binary-amd64/Packages', size: 123, sha256: HASH },
    { path: 'main/binary-amd64/Packages.xz', size: 0, sha256: HASH },
  ],
}

test('the fields of a Release file', () => {
  expect(parseHead(RELEASE)).toEqual(HEAD)
  expect(parseHead(renderHead(HEAD, 'updates'))).toEqual(HEAD)
})

test.each([
  ['no date', RELEASE.replace(/^Date.*\n/m, '')],
  ['a date in another zone', RELEASE.replace('05:53:00 UTC', '05:53:00 +0200')],
  ['a day that does not exist', RELEASE.replace('21 Nov', '99 Nov')],
  ['no SHA256 list', RELEASE.replace(/^SHA256[^]*/m, '')],
  ['a path that leads out', RELEASE.replace('main/binary-amd64/Packages.xz', '../../x')],
  ['an absolute path', RELEASE.replace('main/binary-amd64/Packages.xz', '/x')],
  ['a short digest', RELEASE.replace(HASH, 'abc')],
  ['a size that is no number', RELEASE.replace('123', '0x12')],
  ['a second stanza', `${RELEASE}\nOrigin: Mallory\n`],
  ['a field twice', `${RELEASE}Date: x\n`],
  ['the signed form', `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${RELEASE}`],
  ['nothing', ''],
])('malformed: %s', (_, text) => {
  expect(() => parseHead(text)).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

const LISTS = '/var/lib/apt/lists'
const heads = (() => {
  try {
    return readdirSync(LISTS).filter((name) => name.endsWith('InRelease'))
  } catch {
    return []
  }
})()
test.skipIf(heads.length === 0)(
  `this machine's own Release files are read${heads.length === 0 ? ' (skipped: apt has no lists here)' : ''}`,
  () => {
    for (const name of heads) {
      const head = parseHead(clearSignedText(readFileSync(`${LISTS}/${name}`, 'utf8')))
      expect(head.components.some((component) => /(^|\/)main$/.test(component))).toBe(true)
      expect(head.indexes.some(({ path }) => path.includes('binary-amd64/Packages'))).toBe(true)
    }
  },
)

test('text inside a signature is un-dashed', () => {
  const message =
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\na\n- -b\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n'
  expect(clearSignedText(message)).toBe('a\n-b\n')
  expect(() => clearSignedText('a')).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})
