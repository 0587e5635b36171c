import type fc from 'fast-check'
import type { RepositorySettings } from '../repository-writer.ts'
import type { Pkginfo } from './pkginfo.ts'

/** Versions that PKGBUILD(5) allows, near each other: few characters, with epochs, leading zeros and numbers no integer holds. */
export function versionArbitrary(check: typeof fc, pkgrel: 'always' | 'sometimes' = 'always'): fc.Arbitrary<string> {
  const number = check.constantFrom('0', '1', '2', '9', '10', '00', '010', '99999999999999999999')
  const word = check.constantFrom('a', 'b', 'Z', 'rc', 'pre', 'alpha')
  const separator = check.constantFrom('.', '.', '', '_', '+')
  const segment = check.tuple(separator, check.oneof(number, word)).map((parts) => parts.join(''))
  const pkgver = check
    .tuple(check.oneof(number, number, word), check.array(segment, { maxLength: 4 }))
    .map(([first, more]) => first + more.join(''))
  const large = [
    '9007199254740992:',
    '9007199254740993:',
    '99999999999999999998:',
    '099999999999999999998:',
    '99999999999999999999:',
  ]
  const epoch = check.constantFrom('', '', '', '0:', '1:', '2:', '10:', ...large)
  const rel = check.constantFrom('-1', '-2', '-1.1', '-10', ...(pkgrel === 'always' ? [] : ['', '']))
  return check.tuple(epoch, pkgver, rel).map((parts) => parts.join(''))
}

/** The fields of a package that pacman accepts. */
export function sampleFields(name: string, version: string, more: Pkginfo = []): Pkginfo {
  return [
    ['pkgname', name],
    ['pkgbase', name],
    ['pkgver', version.includes('-') ? version : `${version}-1`],
    ['pkgdesc', 'a sample for tests'],
    ['url', 'https://example.org'],
    ['builddate', '1700000000'],
    ['packager', 'Jane Doe <jane@example.org>'],
    ['size', '12345'],
    ['arch', 'x86_64'],
    ['license', 'MIT'],
    ...more,
  ]
}

export const sampleSettings: RepositorySettings = {
  origin: 'Example',
  label: 'Example',
  suite: 'sample',
  codename: '',
  description: 'a repository for tests',
  component: '',
  architectures: ['x86_64'],
  date: 1_700_000_000,
}
